import { setTimeout as wait } from "node:timers/promises";
import { LEASE_SECONDS, withScene } from "./scene.ts";
import type { Experiment } from "./settings.ts";

/** A process that stands still for longer than its leases last, and goes on as if nothing had been. */
export const stopExperiment: Experiment = {
	name: "stop",
	about: [
		"SIGSTOP of a worker for two leases again and again, while another one takes over; then it goes on. Nobody is",
		"lost, at most its window comes twice each time, and its late answers change nothing.",
	],
	usual: { kills: 20, recipients: 4000, workers: 2 },
	run: (settings) =>
		withScene(settings, {}, async (scene) => {
			const { fleet, random } = scene;
			let stops = 0;
			await fleet.start(settings.workers);
			while (stops < settings.kills && !(await scene.isOver())) {
				await scene.pass();
				const worker = fleet.worker(Math.floor(random() * settings.workers));
				worker.signal("SIGSTOP");
				await wait(2 * LEASE_SECONDS * 1000);
				worker.signal("SIGCONT");
				stops += 1;
				settings.log(`${stops} stops, ${scene.provider.taken()} messages`);
			}
			await scene.finish();
			return scene.judge("stop", stops, stops * settings.concurrency);
		}),
};
