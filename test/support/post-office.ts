import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Audience, NewBroadcast, Sender } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createSmtpTransport } from "@convoke/smtp";
import type { SmtpDkim } from "@convoke/smtp";
import { onTestFinished } from "vitest";
import { startMailServer } from "./mail-server.ts";
import type { Delivery } from "./mail-server.ts";

/** An audience whose messages go over SMTP to a server on this machine. */
export interface PostOffice {
	readonly audience: Audience;
	/** What the server took, in order. */
	readonly deliveries: Delivery[];
	/** Sends a broadcast to everyone, and answers with what arrived of it. */
	readonly mail: (broadcast: Partial<NewBroadcast>) => Promise<readonly Delivery[]>;
}

/** Opens a post office that closes with the test. */
export async function openPostOffice(sender: Omit<Sender, "transport"> = {}, dkim?: SmtpDkim): Promise<PostOffice> {
	const server = await startMailServer();
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({
		host: "127.0.0.1",
		port: Number(new URL(server.url).port),
		maxMessages: 1_000_000,
		dkim,
	});
	onTestFinished(() => transport.close());
	const audience = createAudience({
		storage: createMemoryStorage(),
		renderer: createRenderer(),
		sender: () => ({ transport, from: "Tidal <news@tidal.test>", ...sender }),
		links: { baseUrl: "https://tidal.test/mail", keys: "5tSUmgtNDBVq1GvuZTQ1ZSwQbPyB3pdAZe0rdxYw3vQ" },
		hashKey: "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0",
	});
	const { deliveries } = server;
	return {
		audience,
		deliveries,
		async mail(broadcast) {
			const before = deliveries.length;
			const { id } = await audience.broadcasts.create({ subject: "News", text: "Hello", everyone: true, ...broadcast });
			await audience.broadcasts.send(id);
			await audience.worker().run();
			return deliveries.slice(before);
		},
	};
}
