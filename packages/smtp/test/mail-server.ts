import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import type { SMTPServerOptions } from "smtp-server";

/** One message as the server took it. */
export interface Delivery {
	readonly from: string;
	readonly to: readonly string[];
	readonly raw: string;
}

/** A running server. */
export interface MailServer {
	readonly url: string;
	readonly port: number;
	readonly deliveries: readonly Delivery[];
	close(): Promise<void>;
}

/** An error that smtp-server answers with this reply. */
export function reply(responseCode: number, message: string): Error {
	return Object.assign(new Error(message), { responseCode });
}

/** Starts an SMTP server that takes everything but what the handlers refuse. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
	const deliveries: Delivery[] = [];
	const server = new SMTPServer({
		authOptional: true,
		disabledCommands: ["STARTTLS"],
		disableReverseLookup: true,
		onData(stream, session, done) {
			const chunks: Buffer[] = [];
			stream.on("data", (chunk: Buffer) => chunks.push(chunk));
			stream.on("end", () => {
				const { mailFrom, rcptTo } = session.envelope;
				const from = mailFrom === false || mailFrom === undefined ? "" : mailFrom.address;
				deliveries.push({
					from,
					to: rcptTo.map(({ address }) => address),
					raw: Buffer.concat(chunks).toString("latin1"),
				});
				done(null, "OK: queued as 4F1A2B3C");
			});
		},
		...options,
	});
	server.on("error", () => undefined);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		...whereabouts(server.server),
		deliveries,
		close: () => new Promise((resolve) => server.close(() => resolve())),
	};
}

/** What a scripted server does with a command: replies with a line, or as the function wants. */
export type Step = string | ((socket: Socket) => void);

/** The commands a scripted server can be told about; `END` is the dot after the message. */
export type Command =
	| "GREETING"
	| "EHLO"
	| "HELO"
	| "AUTH"
	| "MAIL"
	| "RCPT"
	| "DATA"
	| "BODY"
	| "END"
	| "RSET"
	| "QUIT";

const POLITE: Readonly<Record<Command, Step>> = {
	GREETING: "220 test ESMTP",
	EHLO: "250-test\r\n250 AUTH PLAIN",
	HELO: "250 test",
	AUTH: "235 2.7.0 OK",
	MAIL: "250 2.1.0 OK",
	RCPT: "250 2.1.5 OK",
	DATA: "354 go on",
	BODY: () => undefined,
	END: "250 2.0.0 OK",
	RSET: "250 2.0.0 OK",
	QUIT: "221 bye",
};

/** Starts a server that says what it is told to, for what no honest server does. */
export async function startScriptedServer(script: Partial<Record<Command, Step>>): Promise<MailServer> {
	const steps = { ...POLITE, ...script };
	const sockets = new Set<Socket>();
	const deliveries: Delivery[] = [];
	const server = createServer((socket) => {
		sockets.add(socket);
		let body: string | undefined;
		let rest = "";
		const take = (command: Command): void => {
			const step = steps[command];
			if (typeof step === "string") socket.write(`${step}\r\n`);
			else step(socket);
		};
		socket.on("error", () => undefined);
		socket.on("data", (chunk) => {
			if (body !== undefined) {
				if (body === "") take("BODY");
				body += chunk.toString("latin1");
				if (!body.endsWith("\r\n.\r\n")) return;
				deliveries.push({ from: "", to: [], raw: body });
				body = undefined;
				take("END");
				return;
			}
			rest += chunk.toString("latin1");
			const lines = rest.split("\r\n");
			rest = lines.pop() ?? "";
			for (const line of lines) {
				const command = toCommand(line);
				if (command === undefined) {
					socket.write("502 5.5.1 no such command\r\n");
					continue;
				}
				if (command === "DATA" && typeof steps.DATA === "string" && steps.DATA.startsWith("354")) body = "";
				take(command);
			}
		});
		take("GREETING");
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		...whereabouts(server),
		deliveries,
		close() {
			for (const socket of sockets) socket.destroy();
			return new Promise((resolve) => server.close(() => resolve()));
		},
	};
}

function toCommand(line: string): Command | undefined {
	const word = line.slice(0, 4).toUpperCase();
	const known: readonly Command[] = ["EHLO", "HELO", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "QUIT"];
	return known.find((command) => command === word);
}

function whereabouts(server: Server): { readonly url: string; readonly port: number } {
	const { port } = server.address() as AddressInfo;
	return { url: `smtp://127.0.0.1:${port}`, port };
}
