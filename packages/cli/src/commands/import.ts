import type {
	ColumnMapping,
	ContactImport,
	ImportCounts,
	ImportReview,
	Imports,
	NewImport,
	PropertyType,
} from "@convoke/core";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { atMost, EXIT, required, text, texts, UsageError } from "../command.ts";
import type { Command, CommandRun, OptionValues } from "../command.ts";
import { clean, count } from "../screen.ts";
import { createPace } from "../pace.ts";
import type { Screen } from "../screen.ts";

/** `convoke import`. */
export const importCommand: Command = {
	name: "import",
	summary: "Bring contacts in from a CSV file; exit code 3 if rows were refused",
	usage: ["import <file, or - for what is piped in> [options]"],
	options: {
		"dry-run": { type: "boolean" },
		map: { type: "string", multiple: true },
		segment: { type: "string", multiple: true },
		topic: { type: "string", multiple: true },
		"on-conflict": { type: "string" },
		encoding: { type: "string" },
		delimiter: { type: "string" },
		errors: { type: "string" },
		resume: { type: "string" },
		actor: { type: "string" },
	},
	about: {
		"dry-run": "say what would become of each row, and write nothing",
		map: "<field=column> where a field stands; once for each field that is to be read: email=Mail, firstName=Name, properties.plan=Plan, and properties.seats=Places:number for a property to be created (default: columns named like fields)",
		segment: "<id> the id of a static segment to add everyone to",
		topic: "<id=choice> a choice for everyone, opt_in or opt_out; undoes no opt-out",
		"on-conflict": "<what> upsert (default): merge into contacts that exist; skip: leave those alone",
		encoding: "<name> utf-8 (default), utf-16le, utf-16be, windows-1252 or iso-8859-1",
		delimiter: "<character> what stands between cells (default: found out)",
		errors: "<file> write what was wrong with which rows to this CSV file",
		resume: "<id> go on with an interrupted import of the same file, by its id, or `last`",
		actor: "<name> who does it, for the record of consent",
	},
	examples: [
		"convoke import people.csv -d audience.db --dry-run",
		"convoke import people.csv -d audience.db --errors refused.csv",
		"convoke import old.csv -d audience.db --map email=Mail --map firstName=Name --map properties.seats=Places:number",
		"convoke import people.csv -d audience.db --resume last",
	],
	fields: {
		columns: "map",
		segments: "segment",
		topics: "topic",
		onConflict: "on-conflict",
		encoding: "encoding",
		delimiter: "delimiter",
		actor: "actor",
	},
	run: async (run) => {
		const { args, options, screen, audience } = run;
		atMost(args, 1);
		const path = required(args, 0, "which file");
		const actor = text(options, "actor");
		const { imports } = audience({ writes: true }).contacts;
		const source = await openSource(path, run);
		const input = importOf(options, source, screen);
		const act = actor === undefined ? undefined : { actor };
		if (options["dry-run"] === true) {
			const review = await imports.review(input, act);
			screen.endProgress();
			screen.result(review, () => showReview(review, screen));
			return review.counts.failed > 0 || review.failure !== null ? EXIT.attention : EXIT.ok;
		}
		const interrupted = (): void => {
			screen.endProgress();
			screen.note("Interrupted. What is written stays. To go on, say the same again with --resume last.");
			process.exit(130);
		};
		process.once("SIGINT", interrupted);
		try {
			const resumed = text(options, "resume");
			const done =
				resumed === undefined
					? await imports.create(input, act)
					: await imports.resume(resumed === "last" ? await lastOf(imports) : resumed, input, act);
			screen.endProgress();
			return await finish(done, imports, run);
		} finally {
			process.off("SIGINT", interrupted);
		}
	},
};

interface Source {
	readonly file: AsyncIterable<Uint8Array | string>;
	/** How much of it was read, 0 to 1, if that can be told. */
	readonly share: () => number | undefined;
}

async function openSource(path: string, { streams }: CommandRun): Promise<Source> {
	if (path === "-") return { file: streams.stdin, share: () => undefined };
	const found = await stat(path).catch(() => undefined);
	if (found === undefined) throw new UsageError(`There is no file ${path}.`);
	if (found.isDirectory()) throw new UsageError(`${path} is a folder, not a file.`);
	const { size } = found;
	const stream = createReadStream(path);
	return { file: stream, share: () => (size === 0 ? 1 : stream.bytesRead / size) };
}

function importOf(options: OptionValues, { file, share }: Source, screen: Screen): NewImport {
	const pace = createPace();
	const onProgress = ({ total, failed }: ImportCounts): void => {
		const refused = failed === 0 ? "" : `  ${count(failed)} refused`;
		screen.progress(share(), `${count(total)} rows${refused}${pace(total, share())}`);
	};
	const topics = texts(options, "topic").map((each) => {
		const [id = "", subscription] = each.split("=");
		return { id, subscription };
	});
	// Values that are none are refused by the import, in its own words.
	return {
		file,
		columns: columnsOf(texts(options, "map")),
		segments: texts(options, "segment").map((id) => ({ id })),
		topics,
		onConflict: text(options, "on-conflict"),
		encoding: text(options, "encoding"),
		delimiter: text(options, "delimiter")?.replace("\\t", "\t"),
		onProgress,
	} as NewImport;
}

function columnsOf(maps: readonly string[]): ColumnMapping | undefined {
	if (maps.length === 0) return undefined;
	const columns: Record<string, unknown> = {};
	const [topics, properties]: [Record<string, string>, Record<string, unknown>] = [{}, {}];
	for (const map of maps) {
		const at = map.indexOf("=");
		if (at < 1) throw new UsageError("--map takes a field and a column: email=Mail");
		const [field, column] = [map.slice(0, at), map.slice(at + 1)];
		if (field.startsWith("properties.")) properties[field.slice("properties.".length)] = propertyColumn(column);
		else if (field.startsWith("topics.")) topics[field.slice("topics.".length)] = column;
		else columns[field] = column;
	}
	return { ...columns, topics, properties } as unknown as ColumnMapping;
}

function propertyColumn(given: string): string | { readonly column: string; readonly type: PropertyType } {
	const [, column = "", type] = /^(.*):(string|number|boolean|date)$/.exec(given) ?? [];
	return type === undefined ? given : { column, type: type as PropertyType };
}

async function lastOf(imports: Imports): Promise<string> {
	const [last] = (await imports.list({ limit: 1 })).data;
	if (last === undefined) throw new UsageError("There is no import to go on with.");
	return last.id;
}

async function finish(done: ContactImport, imports: Imports, { options, screen }: CommandRun): Promise<number> {
	const errors = text(options, "errors");
	if (errors !== undefined) await pipeline(Readable.from(imports.exportIssues(done.id)), createWriteStream(errors));
	const first = await imports.issues(done.id, { limit: SHOWN });
	const fault = done.failure === null ? null : await faultOf(done, imports);
	screen.result({ import: done, issues: first.data, hasMoreIssues: first.hasMore }, () => {
		showCounts(done.counts, screen);
		if (fault !== null) showFault(fault, screen);
		showIssues(
			first.data.filter(({ message }) => message !== fault),
			screen,
		);
		if (errors !== undefined) screen.note(`All of them: ${clean(errors)}`);
		else if (first.hasMore) screen.note(`There are more: convoke export issues ${done.id}`);
	});
	return done.counts.failed > 0 || done.status !== "completed" ? EXIT.attention : EXIT.ok;
}

const SHOWN = 10;

/** What to say of a file that could not be read to its end: the last issue, unless something else ended the import. */
async function faultOf({ id, failure }: ContactImport, imports: Imports): Promise<string | null> {
	for (let skip = 0; ; skip += 1000) {
		const { data, hasMore } = await imports.issues(id, { skip, limit: 1000 });
		const last = data.at(-1);
		if (!hasMore) return last?.reason === failure ? last.message : failure;
	}
}

function showReview(review: ImportReview, screen: Screen): void {
	screen.table(
		["column", "read as"],
		Object.entries(review.columns).map(([field, column]) => [column, field]),
	);
	const created = Object.entries(review.newProperties);
	if (review.unreadColumns.length > 0) {
		screen.sentence(`Not read: ${clean(review.unreadColumns.join(", "))}. To read other columns, name all by --map.`);
	}
	if (created.length > 0) {
		screen.sentence(`Properties to be created: ${created.map((each) => each.join(": ")).join(", ")}.`);
	}
	screen.line();
	if (review.samples.length > 0) {
		screen.table(
			["line", "address", "first name", "last name", "properties"],
			review.samples.map(({ line, email, firstName, lastName, properties }) => [
				line,
				email,
				firstName,
				lastName,
				Object.keys(properties).length === 0 ? "" : JSON.stringify(properties),
			]),
		);
		screen.line();
	}
	showCounts(review.counts, screen);
	const fault = review.issues.at(-1);
	if (review.failure !== null) {
		showFault(fault?.reason === review.failure ? fault.message : review.failure, screen);
	}
	showIssues(review.issues.slice(0, SHOWN), screen);
	if (review.issues.length > SHOWN) {
		screen.note(
			`There are more: ${review.hasMoreIssues ? "over 1,000" : count(review.issues.length)} in all; see --json.`,
		);
	}
	screen.note("Nothing was written.");
}

function showCounts({ total, created, updated, skipped, failed }: ImportCounts, screen: Screen): void {
	screen.table(
		["rows", "created", "updated", "skipped", "refused"],
		[[total, created, updated, skipped, failed].map(count)],
	);
}

function showFault(message: string, screen: Screen): void {
	screen.line();
	screen.sentence(`The file cannot be read to its end. ${clean(message)}`);
}

function showIssues(issues: ImportReview["issues"], screen: Screen): void {
	if (issues.length === 0) return;
	screen.line();
	for (const { line, severity, message } of issues) screen.sentence(clean(`line ${line}: ${severity}: ${message}`));
}
