import { spawnSync } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { newFolder } from "./places.ts";

/** A folder on a disk of 2 MB that goes with the test, or `undefined` where this process may mount none. */
export function newDisk(): string | undefined {
	const folder = newFolder();
	const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]);
	if (mounted.status !== 0) return undefined;
	onTestFinished(() => {
		spawnSync("umount", ["-l", folder]);
	});
	return folder;
}

/** Uses all the space that is left on a disk. */
export function fillDisk(disk: string): void {
	try {
		for (;;) appendFileSync(ballastOf(disk), Buffer.alloc(4096));
	} catch {
		// Full.
	}
}

/** Gives the space back that {@link fillDisk} used. */
export function clearDisk(disk: string): void {
	rmSync(ballastOf(disk));
}

function ballastOf(disk: string): string {
	return join(disk, "ballast");
}
