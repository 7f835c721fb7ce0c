import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { damageOf } from "./disk.ts";
import { withScene } from "./scene.ts";
import type { Experiment, Finding, Settings } from "./settings.ts";

/** What SQLite asks of the disk, how that fails, and how often a broadcast to fifty asks it at least. */
const FAULTS = [
	{ call: "pwrite64", code: "EIO", calls: 200 },
	{ call: "pwrite64", code: "ENOSPC", calls: 200 },
	{ call: "fsync", code: "EIO", calls: 12 },
] as const;

/** Sends one broadcast on a disk that fails every third time for a while, first at a call that differs each time. */
async function sendOnce(settings: Settings, nth: number): Promise<Finding> {
	const folder = mkdtempSync(join(tmpdir(), "convoke-faults-"));
	const trace = join(folder, "trace");
	const { call, code, calls } = FAULTS[nth % FAULTS.length] ?? FAULTS[0];
	const first = 1 + (nth % calls);
	// Not for ever: a unit of more writes than that would never be done.
	const fault = `${call}:error=${code}:when=${first}..${first + 30}+3`;
	const strace = ["strace", "-D", "-f", "--seccomp-bpf", "-o", trace, "-e", `trace=${call}`, "-e", `inject=${fault}`];
	try {
		return await withScene(settings, { durability: "full", worker: { leaseSeconds: 30 } }, async (scene) => {
			await scene.fleet.start(1, strace);
			await scene.finish();
			await scene.fleet.end("SIGKILL");
			const isHit = readFileSync(trace, "utf8").includes("(INJECTED)");
			const problems = isHit ? [] : [`No ${call} failed from the ${first}th on.`];
			return scene.judge("disk-faults", 1, 0, [...damageOf(scene), ...problems]);
		});
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Writes that fail, while a worker plans and sends. */
export const diskFaultsExperiment: Experiment = {
	name: "disk-faults",
	about: [
		"Writes to the SQLite file fail with EIO and ENOSPC, and fsync with EIO, from another call on in each of so many",
		"broadcasts: nothing comes twice, nobody is lost, and the file is sound. Needs strace.",
	],
	storages: ["sqlite"],
	usual: { kills: 200, recipients: 50, workers: 1 },
	async run(settings) {
		if (spawnSync("strace", ["-V"]).status !== 0) throw new Error("There is no strace here.");
		const one: Settings = { ...settings, kills: 1, log: () => undefined };
		let sum: Finding | undefined;
		for (let nth = 1; nth <= settings.kills; nth += 1) {
			sum = add(sum, await sendOnce({ ...one, seed: settings.seed + nth }, nth));
			if (nth % 10 === 0) settings.log(`${nth} broadcasts, ${sum.problems.length} problems`);
		}
		if (sum === undefined) throw new Error("Nothing was done.");
		return sum;
	},
};

function add(sum: Finding | undefined, next: Finding): Finding {
	if (sum === undefined) return next;
	return {
		...sum,
		kills: sum.kills + next.kills,
		lost: sum.lost + next.lost,
		duplicates: sum.duplicates + next.duplicates,
		maxCopies: Math.max(sum.maxCopies, next.maxCopies),
		uncertain: sum.uncertain + next.uncertain,
		problems: [...sum.problems, ...next.problems],
	};
}
