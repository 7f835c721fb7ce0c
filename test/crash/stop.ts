import { setTimeout as wait } from "node:timers/promises";
import { LEASE_SECONDS, withScene } from "./scene.ts";
import type { Experiment, Settings } from "./settings.ts";

/** How long a process stands still. */
const STOP_MS = 2 * LEASE_SECONDS * 1000;

/** So slow that the others do not get to the next stop during one. */
function answerMs({ kills, recipients, workers, concurrency }: Settings): number {
	return (kills * STOP_MS * workers * concurrency) / recipients;
}

/** A process that stands still for longer than its leases last, and goes on as if nothing had been. */
export const stopExperiment: Experiment = {
	name: "stop",
	about: [
		"SIGSTOP of a worker for two leases again and again, while another one takes over; then it goes on. Nobody is",
		"lost, at most its window comes twice each time, and its late answers change nothing.",
	],
	usual: { kills: 20, recipients: 4000, workers: 2 },
	run: (settings) =>
		withScene(settings, { answerMs: answerMs(settings) }, async (scene) => {
			let stops = 0;
			await scene.fleet.start(settings.workers);
			for await (const nth of scene.moments()) {
				const worker = await scene.fleet.pick();
				worker.signal("SIGSTOP");
				await wait(STOP_MS);
				worker.signal("SIGCONT");
				stops = nth;
				settings.log(`${stops} stops, ${scene.provider.taken()} messages`);
			}
			await scene.finish();
			return scene.judge("stop", stops, stops * settings.concurrency);
		}),
};
