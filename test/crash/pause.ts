import { withScene } from "./scene.ts";
import type { Experiment } from "./settings.ts";

/** Pauses and resumes from another process than the workers'. */
export const pauseExperiment: Experiment = {
	name: "pause",
	about: [
		"Pause and resume again and again from another process: nothing comes twice, nobody is lost, and while it is",
		"paused no more messages go out than were in flight.",
	],
	usual: { kills: 200, recipients: 10_000, workers: 1 },
	run: (settings) =>
		withScene(settings, {}, async (scene) => {
			const { audience, broadcastId, provider } = scene;
			const problems: string[] = [];
			let pauses = 0;
			await scene.fleet.start(settings.workers);
			for await (const nth of scene.moments()) {
				await audience.broadcasts.pause(broadcastId);
				const [inFlight, taken] = [await scene.database.sending(), provider.taken()];
				await scene.rest();
				// What was handed over before the pause may have arrived after the count.
				const after = provider.taken() - taken;
				if (after > inFlight) problems.push(`${after} messages after a pause with ${inFlight} in flight.`);
				await audience.broadcasts.resume(broadcastId);
				pauses = nth;
				if (pauses % 20 === 0) settings.log(`${pauses} pauses, ${provider.taken()} messages`);
			}
			await scene.finish();
			return scene.judge("pause", pauses, 0, problems);
		}),
};
