import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { withScene } from "./scene.ts";
import type { Scene } from "./scene.ts";
import type { Experiment } from "./settings.ts";

/** What SQLite says against a file that a broadcast has come through. */
export function damageOf({ place }: Scene): readonly string[] {
	const database = new SqliteDatabase(place.at);
	const answer = database.pragma("integrity_check", { simple: true });
	database.close();
	return answer === "ok" ? [] : [`The file is damaged: ${String(answer)}`];
}

/** Gives the space of SQLite's log back, which a worker would go on to write in. */
function emptyLog({ place }: Scene): void {
	const database = new SqliteDatabase(place.at);
	database.pragma("wal_checkpoint(truncate)");
	database.close();
}

/** Uses all the space of a disk, until `rmSync` of the file. */
function fill(ballast: string): void {
	for (const size of [2 ** 20, 4096]) {
		try {
			for (;;) appendFileSync(ballast, Buffer.alloc(size));
		} catch {
			// No room for so much.
		}
	}
}

/** A full disk that is emptied again, while a worker sends. */
export const diskExperiment: Experiment = {
	name: "disk",
	about: [
		"The disk of the SQLite file fills up and is cleared again and again: the worker keeps what it could not record,",
		"and sends no more than was in flight until it can; nothing comes twice, nobody is lost, and the file is sound. Needs the right to mount a small disk.",
	],
	storages: ["sqlite"],
	usual: { kills: 20, recipients: 2000, workers: 1 },
	async run(settings) {
		const folder = mkdtempSync(join(tmpdir(), "convoke-disk-"));
		const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", folder]);
		if (mounted.status !== 0) throw new Error("This process may mount no disk.");
		const ballast = join(folder, "ballast");
		try {
			return await withScene(settings, { folder }, async (scene) => {
				const problems: string[] = [];
				let fills = 0;
				await scene.fleet.start(settings.workers);
				for await (const nth of scene.moments()) {
					emptyLog(scene);
					fill(ballast);
					const [inFlight, taken] = [await scene.database.sending(), scene.provider.taken()];
					await scene.rest();
					await scene.rest();
					const after = scene.provider.taken() - taken;
					if (after > inFlight) problems.push(`${after} messages on a full disk with ${inFlight} in flight.`);
					rmSync(ballast);
					fills = nth;
					settings.log(`filled ${fills} times, ${scene.provider.taken()} messages`);
				}
				await scene.finish();
				return scene.judge("disk", fills, 0, [...damageOf(scene), ...problems]);
			});
		} finally {
			spawnSync("umount", ["-l", folder]);
			rmSync(folder, { recursive: true, force: true });
		}
	},
};
