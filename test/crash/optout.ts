import { setTimeout as wait } from "node:timers/promises";
import { killWorkers } from "./kill-workers.ts";
import { watchOptOuts } from "./opt-out-log.ts";
import { address, withScene } from "./scene.ts";
import type { Scene } from "./scene.ts";
import type { Experiment } from "./settings.ts";

/** How much of the recipients opts out. */
const SHARE = 1 / 5;

/** Opts a fifth of the recipients out, spread over the time that the broadcast takes. */
async function optOut(scene: Scene): Promise<number> {
	const { audience, random, settings, provider } = scene;
	const count = settings.recipients * SHARE;
	const order = Array.from({ length: settings.recipients }, (_, index) => ({ index, rank: random() }));
	const chosen = order.toSorted((a, b) => a.rank - b.rank).slice(0, count);
	let done = 0;
	// Who leaves before is excluded by the plan.
	while (!(await scene.hasBegun())) await wait(20);
	for (const { index } of chosen) {
		await audience.contacts.update({ email: address(index) }, { unsubscribed: true });
		done += 1;
		// As far with them as with the broadcast.
		while (provider.taken() / (settings.recipients * (1 - SHARE)) < done / count - 0.02) await wait(5);
		if (done % 200 === 0) settings.log(`${done} opt-outs, ${provider.taken()} messages`);
	}
	return done;
}

/** Opt-outs while a broadcast goes out, against the order of commits that the database itself keeps. */
export const optOutExperiment: Experiment = {
	name: "optout",
	about: [
		"A fifth of the recipients opts out while the broadcast goes out and workers are killed: nobody is marked for",
		"sending after the opt-out was committed.",
	],
	usual: { kills: 20, recipients: 10_000, workers: 3 },
	run: (settings) =>
		withScene(settings, {}, async (scene) => {
			const log = await watchOptOuts(scene.place);
			await scene.fleet.start(settings.workers);
			const [optOuts, { kills, inFlight }] = await Promise.all([
				optOut(scene),
				killWorkers(scene, { total: settings.recipients * (1 - SHARE) - settings.kills * settings.concurrency }),
			]);
			await scene.finish();
			const problems = (await log.violations()).map((id) => `${id} was marked after its opt-out.`);
			const seen = await log.seen();
			if (seen.optOuts !== optOuts) problems.push(`${seen.optOuts} opt-outs seen of ${optOuts}.`);
			await log.close();
			return scene.judge("optout", kills, inFlight, problems);
		}),
};
