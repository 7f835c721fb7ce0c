import { killWorkers } from "./kill-workers.ts";
import type { SceneOptions } from "./scene.ts";
import { withScene } from "./scene.ts";
import type { Experiment, Finding, Settings } from "./settings.ts";

const usual = { kills: 100, recipients: 10_000, workers: 1 };

/** Kills workers without warning while a broadcast goes out. */
async function kill(name: string, settings: Settings, options: SceneOptions, mayRepeat: boolean): Promise<Finding> {
	return withScene(settings, options, async (scene) => {
		await scene.fleet.start(settings.workers);
		const { kills, inFlight } = await killWorkers(scene);
		await scene.finish();
		return scene.judge(name, kills, mayRepeat ? inFlight : 0);
	});
}

/** `kill -9` of workers; what the transport and the worker's policy make of it. */
export const killExperiments: readonly Experiment[] = [
	{
		name: "kill",
		about: [
			"kill -9 of a worker again and again while a broadcast goes out over SMTP. Nobody is lost, and at most what",
			"was in flight at each kill comes twice.",
		],
		usual,
		run: (settings) => kill("kill", settings, {}, true),
	},
	{
		name: "kill-idempotent",
		about: ["The same through a provider that honours idempotency keys: nothing comes twice."],
		usual,
		run: (settings) => kill("kill-idempotent", settings, { isIdempotent: true }, false),
	},
	{
		name: "kill-hold",
		about: ['The same over SMTP with `onUncertain: "hold"`: nothing comes twice, and the doubtful ones are held.'],
		usual,
		run: (settings) => kill("kill-hold", settings, { worker: { onUncertain: "hold" } }, false),
	},
];
