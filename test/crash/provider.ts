import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { startFakeResend } from "../support/fake-resend.ts";

/** What takes the messages, and counts them. */
export interface Provider {
	/** For `Place.provider`. */
	readonly url: string;
	/** By recipient, the ids of the messages that were taken. */
	copies(): ReadonlyMap<string, readonly string[]>;
	/** How many were taken, copies included. */
	taken(): number;
	close(): Promise<void>;
}

/** A mail server that takes its time, `answerMs` on average. */
export async function startMailServer(answerMs: number, random: () => number): Promise<Provider> {
	const copies = new Map<string, string[]>();
	let taken = 0;
	const server = new SMTPServer({
		authOptional: true,
		disabledCommands: ["STARTTLS"],
		disableReverseLookup: true,
		onData(stream, { envelope }, done) {
			const chunks: Buffer[] = [];
			stream.on("data", (chunk: Buffer) => chunks.push(chunk));
			stream.on("end", () => {
				const [to] = envelope.rcptTo;
				const raw = Buffer.concat(chunks).toString("latin1");
				const id = /^Message-ID: (\S+)/im.exec(raw)?.[1] ?? "";
				const address = to?.address ?? "";
				copies.set(address, [...(copies.get(address) ?? []), id]);
				taken += 1;
				// Taken already, whether or not anybody hears of it.
				setTimeout(done, random() * 2 * answerMs);
			});
		},
	});
	server.on("error", () => undefined);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.server.address() as AddressInfo;
	return {
		url: `smtp://127.0.0.1:${port}`,
		copies: () => copies,
		taken: () => taken,
		close: () => new Promise((resolve) => server.close(() => resolve())),
	};
}

/** A provider that takes each message once, by its idempotency key. */
export async function startIdempotentProvider(answerMs: number, random: () => number): Promise<Provider> {
	const server = await startFakeResend({ delayMs: () => random() * 2 * answerMs });
	return {
		url: server.url,
		copies: () => {
			const copies = new Map<string, string[]>();
			for (const { to } of server.emails) copies.set(to, [...(copies.get(to) ?? []), "once"]);
			return copies;
		},
		taken: () => server.emails.length,
		close: () => server.close(),
	};
}
