import type { Transport } from "@convoke/core";
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { createWorld } from "./audience.ts";
import { median } from "./measure.ts";
import type { Bench, Figure } from "./measure.ts";
import { NEWSLETTER } from "./newsletter.ts";

/** Milliseconds that a server takes for a message. */
const USUAL_MS = 20;

/** Windows to measure with: the default one, and wider ones. */
const WINDOWS: readonly number[] = [32, 128, 512];

/** Sends while some hand-overs hang. */
export const hangBench: Bench = {
	name: "hang",
	about: [
		"The newsletter of `send` through a transport that takes 20 ms for each message, at once 32, 128 and 512. One in a",
		"hundred hangs for a second, after which the worker gives it up (sendTimeoutSeconds: 1).",
		"hang  The others' rate, in messages/s, until the last of them was taken. Limit: the same where nothing hangs.",
	],
	n: 10_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const server = new Server();
		const world = await createWorld(settings, server.transport);
		const send = async (concurrency: number): Promise<void> => {
			const worker = world.audience.worker({ concurrency, sendTimeoutSeconds: 1, onUncertain: "hold" });
			const report = await worker.run();
			assert.equal(report.remaining, 0);
		};
		const figures: Figure[] = [];
		for (const concurrency of WINDOWS) {
			const rates: { readonly hanging: number[]; readonly usual: number[] } = { hanging: [], usual: [] };
			for (let run = 0; run < settings.runs; run += 1) {
				for (const kind of ["usual", "hanging"] as const) {
					const id = await world.draft(NEWSLETTER);
					await world.audience.broadcasts.send(id);
					server.start(kind === "hanging");
					await send(concurrency);
					rates[kind].push(server.rate());
					await world.discard(id);
				}
			}
			figures.push({
				name: "hang",
				concurrency,
				value: median(rates.hanging),
				unit: "messages/s",
				limit: median(rates.usual),
			});
		}
		await world.close();
		return figures;
	},
};

/** Takes messages after a while, or never. */
class Server {
	#isHanging = false;
	#messages = 0;
	#taken = 0;
	#from = 0;
	#until = 0;

	readonly transport: Transport = {
		name: "slow",
		smtputf8: false,
		idempotent: false,
		send: async (_message, signal) => {
			if (this.#messages === 0) this.#from = performance.now();
			this.#messages += 1;
			if (this.#isHanging && this.#messages % 100 === 0) {
				await wait(60_000, undefined, { signal }).catch(() => {});
				return { kind: "uncertain", reason: "hung" };
			}
			await wait(USUAL_MS);
			this.#taken += 1;
			this.#until = performance.now();
			return { kind: "accepted" };
		},
		close: () => Promise.resolve(),
	};

	start(isHanging: boolean): void {
		this.#isHanging = isHanging;
		this.#messages = 0;
		this.#taken = 0;
	}

	/** Messages taken in a second, from the first to the last. */
	rate(): number {
		return (this.#taken * 1000) / (this.#until - this.#from);
	}
}
