import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import type { SMTPServerOptions } from "smtp-server";

/** One message as a mail server took it. */
export interface Delivery {
	/** MAIL FROM. */
	readonly from: string;
	/** RCPT TO. */
	readonly to: readonly string[];
	/** What came after DATA. */
	readonly raw: Buffer;
}

/** A mail server on this machine that takes everything. */
export interface MailServer {
	/** `smtp://…` */
	readonly url: string;
	/** What it took, in order. */
	readonly deliveries: Delivery[];
	/** Ends it. */
	close(): Promise<void>;
}

/** How a mail server differs from one that takes everything at once. */
export interface MailServerOptions extends SMTPServerOptions {
	/** Milliseconds until it says that it has taken a message. @default 0 */
	readonly delayMs?: (() => number) | undefined;
}

/** Starts a mail server. */
export async function startMailServer({ delayMs, ...options }: MailServerOptions = {}): Promise<MailServer> {
	const deliveries: Delivery[] = [];
	const server = new SMTPServer({
		authOptional: true,
		disabledCommands: ["STARTTLS"],
		disableReverseLookup: true,
		onData(stream, { envelope: { mailFrom, rcptTo } }, done) {
			const chunks: Buffer[] = [];
			stream.on("data", (chunk: Buffer) => chunks.push(chunk));
			stream.on("end", () => {
				const from = mailFrom === false || mailFrom === undefined ? "" : mailFrom.address;
				deliveries.push({ from, to: rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks) });
				// Taken already, whether or not anybody hears of it.
				if (delayMs === undefined) done();
				else setTimeout(done, delayMs());
			});
		},
		...options,
	});
	// Connections end as they like.
	server.on("error", () => undefined);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.server.address() as AddressInfo;
	return {
		url: `smtp://127.0.0.1:${port}`,
		deliveries,
		close: () => new Promise((resolve) => server.close(resolve)),
	};
}

/** The header fields of any message of ours; one with nothing further in it has no others. */
export const USUAL_HEADERS: readonly string[] = [
	"content-transfer-encoding",
	"content-type",
	"date",
	"from",
	"list-unsubscribe",
	"list-unsubscribe-post",
	"message-id",
	"mime-version",
	"subject",
	"to",
];

/** One header field as it stands in a raw message. */
export interface RawHeader {
	readonly name: string;
	/** Unfolded, not decoded. */
	readonly value: string;
}

/** The header fields of a raw message, in order. */
export function rawHeaders(raw: Buffer): readonly RawHeader[] {
	const text = raw.toString("latin1");
	const head = text.slice(0, text.indexOf("\r\n\r\n"));
	return head
		.replace(/\r\n(?=[ \t])/g, "")
		.split("\r\n")
		.map((line) => {
			const colon = line.indexOf(":");
			return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() };
		});
}
