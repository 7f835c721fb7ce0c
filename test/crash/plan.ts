import type { Scene } from "./scene.ts";
import { withScene } from "./scene.ts";
import type { Experiment, Finding } from "./settings.ts";

/** Compares what was planned with who is there; what was sent meanwhile is another experiment's. */
async function judgePlan({ audience, broadcastId, settings }: Scene, kills: number): Promise<Finding> {
	const { storage, recipients, concurrency, workers } = settings;
	const { counts, problems } = await audience.broadcasts.verify(broadcastId);
	const wrong = [...problems];
	if (kills < settings.kills) wrong.push(`The plan was complete after ${kills} times.`);
	if (counts.candidates !== recipients) wrong.push(`${counts.candidates} candidates, not ${recipients}.`);
	const run = { crash: "plan", storage, kills, recipients, concurrency, workers };
	return {
		...run,
		lost: Math.max(0, recipients - counts.candidates),
		duplicates: Math.max(0, counts.candidates - recipients),
		allowed: 0,
		maxCopies: 1,
		uncertain: 0,
		problems: wrong,
	};
}

/** `kill -9` of a worker that writes a plan. */
export const planExperiment: Experiment = {
	name: "plan",
	about: ["kill -9 of a worker again and again while it plans: each contact is planned once."],
	usual: { kills: 50, recipients: 100_000, workers: 1 },
	run: (settings) =>
		withScene(settings, {}, async (scene) => {
			const { audience, broadcastId, fleet } = scene;
			// A kill takes about as long as some chunks do.
			const total = settings.recipients / 2;
			const planned = async (): Promise<number> => (await audience.broadcasts.plan(broadcastId)).candidates;
			let kills = 0;
			await fleet.start(settings.workers);
			for await (const nth of scene.moments({ done: planned, total })) {
				await fleet.replace("SIGKILL", async () => {
					if (!(await scene.hasBegun())) kills = nth;
				});
				if (nth % 10 === 0) settings.log(`${nth} kills, ${await planned()} candidates`);
			}
			while (!(await scene.hasBegun())) await scene.rest();
			await fleet.end("SIGKILL");
			return judgePlan(scene, kills);
		}),
};
