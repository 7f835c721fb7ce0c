import { withScene } from "./scene.ts";
import type { Experiment } from "./settings.ts";

/** The database server ends at once and comes back. */
export const restartExperiment: Experiment = {
	name: "restart",
	about: [
		"The Postgres server ends at once and starts again, while workers send: nobody is lost, and at most what was in",
		"flight each time comes twice.",
	],
	storages: ["postgres"],
	usual: { kills: 10, recipients: 10_000, workers: 3 },
	run: (settings) =>
		withScene(settings, {}, async (scene) => {
			const { restart } = scene.database;
			if (restart === undefined) throw new Error("The server that POSTGRES_URL names is not ours to restart.");
			let restarts = 0;
			await scene.fleet.start(settings.workers);
			for await (const nth of scene.moments()) {
				await restart();
				restarts = nth;
				settings.log(`${restarts} restarts, ${scene.provider.taken()} messages`);
			}
			await scene.finish();
			return scene.judge("restart", restarts, restarts * settings.workers * settings.concurrency);
		}),
};
