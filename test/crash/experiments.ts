import { diskFaultsExperiment } from "./disk-faults.ts";
import { diskExperiment } from "./disk.ts";
import { importExperiment } from "./import.ts";
import { killExperiments } from "./kill.ts";
import { optOutExperiment } from "./optout.ts";
import { pauseExperiment } from "./pause.ts";
import { planExperiment } from "./plan.ts";
import { restartExperiment } from "./restart.ts";
import { stopExperiment } from "./stop.ts";
import { termExperiment } from "./term.ts";
import type { Experiment } from "./settings.ts";

/** What is done to workers, as production does it. */
export const EXPERIMENTS: readonly Experiment[] = [
	planExperiment,
	...killExperiments,
	stopExperiment,
	termExperiment,
	optOutExperiment,
	pauseExperiment,
	restartExperiment,
	importExperiment,
	diskExperiment,
	diskFaultsExperiment,
];
