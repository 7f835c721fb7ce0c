import { createReadStream, writeSync } from "node:fs";
import { openAudience } from "../audience.ts";
import type { Place } from "../audience.ts";

/** What an importing process is told. */
export interface ImportOrder {
	readonly place: Place;
	readonly file: string;
}

// Imports the file, or goes on with the import that is there, and prints how many rows are done after each unit.
const { place, file } = JSON.parse(process.argv[2] ?? "") as ImportOrder;
const audience = openAudience(place);
const { imports } = audience.contacts;
const [last] = (await imports.list({ limit: 1 })).data;
const options = {
	file: createReadStream(file),
	columns: {
		email: "email",
		firstName: "name",
		unsubscribed: "out",
		properties: { number: { column: "number", type: "number" as const } },
	},
	onProgress: ({ total }: { readonly total: number }) => void writeSync(1, `${total}\n`),
};
if (last === undefined) await imports.create(options);
// The one before may have come to the end just before it was killed.
else if (last.status === "in_progress") await imports.resume(last.id, options);
await audience.close();
