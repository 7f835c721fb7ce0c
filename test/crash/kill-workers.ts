import type { Progress, Scene } from "./scene.ts";

/** How often workers were killed, and what they were doing. */
export interface Kills {
	readonly kills: number;
	/** Recipients that were marked by the killed ones and whose outcomes were not recorded, all together. */
	readonly inFlight: number;
}

/** Kills one worker after the other without warning while a broadcast goes out. */
export async function killWorkers(scene: Scene, progress?: Progress): Promise<Kills> {
	let [kills, inFlight] = [0, 0];
	for await (const nth of scene.moments(progress)) {
		await scene.fleet.replace("SIGKILL", async ({ owner }) => {
			kills = nth;
			inFlight += await scene.database.sending(owner);
		});
		if (kills % 10 === 0) scene.settings.log(`${kills} kills, ${scene.provider.taken()} messages`);
	}
	return { kills, inFlight };
}
