#!/usr/bin/env -S node --max-semi-space-size=8 --max-old-space-size=1024
import { runCli } from "./run-cli.ts";

// Whoever reads the results may have enough of them, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit(0);
});

// With a small young generation, and an old one that is cleared early, imports and exports of any size stay under 200 MB.
process.exitCode = await runCli(process.argv.slice(2), process, process.env);
