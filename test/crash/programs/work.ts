import type { WorkerOptions } from "@convoke/core";
import { openAudience } from "../audience.ts";
import type { Place } from "../audience.ts";

/** What a worker's process is told. */
export interface WorkOrder {
	readonly place: Place;
	readonly options: WorkerOptions;
}

const { place, options } = JSON.parse(process.argv[2] ?? "") as WorkOrder;
const audience = openAudience(place);
const worker = audience.worker(options);

process.once("SIGTERM", () => {
	void worker
		.stop()
		.then(() => audience.close())
		.then(() => process.exit(0));
});
worker.start();
process.stdout.write("started\n");
