#!/usr/bin/env -S node --max-semi-space-size=8
import { runCli } from "./run-cli.ts";

// A small young generation keeps imports and exports of any size under 200 MB.
process.exitCode = await runCli(process.argv.slice(2), process, process.env);
