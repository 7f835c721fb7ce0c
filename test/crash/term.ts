import { withScene } from "./scene.ts";
import type { Experiment } from "./settings.ts";

/** SIGTERM, after which a worker ends what is in flight and gives the rest back. */
export const termExperiment: Experiment = {
	name: "term",
	about: ["SIGTERM to a worker again and again: nothing comes twice, nobody is lost or held."],
	usual: { kills: 100, recipients: 10_000, workers: 1 },
	run: (settings) =>
		withScene(settings, {}, async (scene) => {
			const problems: string[] = [];
			let kills = 0;
			await scene.fleet.start(settings.workers);
			for await (const nth of scene.moments()) {
				await scene.fleet.replace("SIGTERM", async ({ owner }) => {
					kills = nth;
					const sending = await scene.database.sending(settings.workers === 1 ? undefined : owner);
					if (sending > 0) problems.push(`${sending} were left sending by a worker that was asked to stop.`);
				});
				if (kills % 10 === 0) settings.log(`${kills} signals, ${scene.provider.taken()} messages`);
			}
			await scene.finish();
			return scene.judge("term", kills, 0, problems);
		}),
};
