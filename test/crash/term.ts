import { withScene } from "./scene.ts";
import type { Experiment } from "./settings.ts";

/** SIGTERM, after which a worker ends what is in flight and gives the rest back. */
export const termExperiment: Experiment = {
	name: "term",
	about: ["SIGTERM to a worker again and again: nothing comes twice, nobody is lost or held."],
	usual: { kills: 100, recipients: 10_000, workers: 1 },
	run: (settings) =>
		withScene(settings, {}, async (scene) => {
			const { fleet, random } = scene;
			const problems: string[] = [];
			let kills = 0;
			await fleet.start(settings.workers);
			while (kills < settings.kills && !(await scene.isOver())) {
				await scene.pass();
				await fleet.replace(Math.floor(random() * settings.workers), "SIGTERM", async ({ since }) => {
					kills += 1;
					const sending = settings.workers === 1 ? await scene.sendingSince(since) : 0;
					if (sending > 0) problems.push(`${sending} were left sending by a worker that was asked to stop.`);
				});
				if (kills % 10 === 0) settings.log(`${kills} signals, ${scene.provider.taken()} messages`);
			}
			await scene.finish();
			return scene.judge("term", kills, 0, problems);
		}),
};
