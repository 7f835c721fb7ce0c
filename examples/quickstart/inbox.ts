import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { SMTPServer } from "smtp-server";

/** A message that the mail server took. */
export interface ReceivedMessage {
	/** Whom it was handed over for. */
	readonly to: string;
	/** Where it lies, as it came. */
	readonly file: string;
}

/** A mail server for everyone in the demo. */
export interface Inbox {
	/** Where to hand messages over: `smtp://…`. */
	readonly url: string;
	/** What it took so far, in order. */
	readonly messages: readonly ReceivedMessage[];
	/** Ends it. */
	close(): Promise<void>;
}

/** Starts a real mail server on this machine. It takes everything and keeps each message as an .eml file in `folder`. */
export async function startInbox(folder: string): Promise<Inbox> {
	const messages: ReceivedMessage[] = [];
	await mkdir(folder, { recursive: true });
	const server = new SMTPServer({
		authOptional: true,
		disabledCommands: ["AUTH", "STARTTLS"],
		disableReverseLookup: true,
		onData(stream, { envelope }, done) {
			const to = envelope.rcptTo.map(({ address }) => address).join(",");
			const file = join(folder, fileName(messages.length + 1, to));
			messages.push({ to, file });
			pipeline(stream, createWriteStream(file), (error) => done(error));
		},
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(0, "127.0.0.1", resolve);
	});
	const { port } = server.server.address() as AddressInfo;
	return {
		url: `smtp://127.0.0.1:${port}`,
		messages,
		close: () => new Promise((resolve) => server.close(resolve)),
	};
}

/** `0042-ada@example.com.eml`: an address may hold what a file name may not. */
function fileName(number: number, address: string): string {
	return `${String(number).padStart(4, "0")}-${address.replaceAll(/[^\w.@+-]/g, "_")}.eml`;
}
