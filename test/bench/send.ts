import type { Transport } from "@convoke/core";
import assert from "node:assert/strict";
import { createWorld } from "./audience.ts";
import type { TakeMessage } from "./by-hand.ts";
import { compare, peakMemory } from "./measure.ts";
import type { Bench } from "./measure.ts";
import { NEWSLETTER } from "./newsletter.ts";

/** Sends a newsletter to everyone who should get it, through a transport that takes and forgets it. */
export const sendBench: Bench = {
	name: "send",
	about: [
		"A newsletter of 20 KB HTML and 1 KB text with six variables and a signed unsubscribe link, to n contacts of whom",
		"5 % are unsubscribed and 10 % opted out of the topic. The transport writes all of it into a buffer as UTF-8.",
		"send         worker.run() of a broadcast that was sent, its planning included, in messages/s. Limit: a",
		"             loop that picks contacts, fills in templates that were parted at their placeholders once,",
		"             signs a token, and writes into the same buffer; it waits for nothing, and records nothing but",
		"             on a database: there it plans by one statement, and marks and records in batches of 32.",
	],
	n: 20_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const { concurrency } = settings;
		const sink = new Sink();
		const world = await createWorld(settings, sink.transport);
		let sent = 0;
		const { ours, ...other } = await compare(
			async (time) => {
				const id = await world.draft(NEWSLETTER);
				await world.audience.broadcasts.send(id);
				const worker = world.audience.worker({ concurrency });
				const taken = sink.start();
				const report = await time(() => worker.run());
				assert.equal(report.remaining, 0);
				assert.equal(report.sent, taken().messages);
				taken().check();
				sent = report.sent;
				await world.discard(id);
			},
			async (time) => {
				const taken = sink.start();
				const { forget } = await time(() => world.byHand.send((message) => sink.take(message)));
				taken().check();
				await forget();
			},
			settings,
		);
		await world.close();
		const rate = (ms: number): number => (sent * 1000) / ms;
		return [
			{ name: "send", concurrency, value: rate(ours), unit: "messages/s", limit: rate(other.limit) },
			{ name: "send_worst_stretch", concurrency, value: other.stretch, unit: "ms", limit: null },
			{ name: "send_peak_rss", concurrency, value: peakMemory(), unit: "MB", limit: null },
		];
	},
};

/** Takes messages, reading every byte of them. */
class Sink {
	readonly #buffer = Buffer.alloc(1 << 20);
	#messages = 0;
	#bytes = 0;
	#expected: { readonly messages: number; readonly bytes: number } | undefined;

	readonly transport: Transport = {
		name: "sink",
		smtputf8: false,
		idempotent: false,
		send: (message) => {
			this.take(message);
			return Promise.resolve({ kind: "accepted" });
		},
		close: () => Promise.resolve(),
	};

	take({ to, subject, html, text, headers, messageId }: Parameters<TakeMessage>[0]): void {
		let end = this.#write(messageId, 0);
		end = this.#write(to.name ?? "", end);
		end = this.#write(to.address, end);
		end = this.#write(subject, end);
		for (const name in headers) end = this.#write(headers[name] ?? "", this.#write(name, end));
		end = this.#write(text ?? "", this.#write(html ?? "", end));
		this.#messages += 1;
		this.#bytes += end;
	}

	/** Begins to count. The answer gives the count, and checks it against the first one: the same mail, near enough. */
	start(): () => { readonly messages: number; readonly check: () => void } {
		this.#messages = 0;
		this.#bytes = 0;
		return () => ({
			messages: this.#messages,
			check: () => {
				const taken = { messages: this.#messages, bytes: this.#bytes };
				this.#expected ??= taken;
				assert.equal(taken.messages, this.#expected.messages);
				assert.ok(Math.abs(taken.bytes / this.#expected.bytes - 1) < 0.02 || taken.messages === 0);
			},
		});
	}

	#write(text: string, at: number): number {
		return at + this.#buffer.write(text, at);
	}
}
