import type { WorkerOptions } from "@convoke/core";
import { bound } from "../../support/bound.ts";
import { openAudience } from "../audience.ts";
import type { Place } from "../audience.ts";

/** What a worker's process is told. */
export interface WorkOrder {
	readonly place: Place;
	readonly options: WorkerOptions;
}

const { place, options } = JSON.parse(process.argv[2] ?? "") as WorkOrder;
let isKnown = false;
const audience = openAudience(place, (storage) =>
	bound(storage, {
		claimSlice: async (claim) => {
			// Whoever asks for work is at work.
			if (!isKnown) process.stdout.write(claim.owner);
			isKnown = true;
			return storage.claimSlice(claim);
		},
	}),
);
const worker = audience.worker(options);

process.once("SIGTERM", () => {
	void worker
		.stop()
		.then(() => audience.close())
		.then(() => process.exit(0));
});
worker.start();
