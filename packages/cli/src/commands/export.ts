import type { Audience, ExportFormat } from "@convoke/core";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { atMost, EXIT, required, text, UsageError } from "../command.ts";
import type { Command, CommandRun } from "../command.ts";
import { createPace } from "../pace.ts";
import { clean, count } from "../screen.ts";
import type { CliOutput } from "../screen.ts";
import { SELECTION_ABOUT, SELECTION_OPTIONS, selectionOf } from "../selection.ts";

const KINDS = ["contacts", "segments", "topics", "broadcasts", "recipients", "issues"] as const;

/** `convoke export`. */
export const exportCommand: Command = {
	name: "export",
	summary: "Write contacts or other things as CSV or JSON lines",
	usage: [
		"export [contacts] [options]",
		"export segments | topics | broadcasts [options]",
		"export recipients <broadcast id> | issues <import id> [options]",
	],
	options: {
		out: { type: "string", short: "o" },
		format: { type: "string" },
		columns: { type: "string" },
		raw: { type: "boolean" },
		...SELECTION_OPTIONS,
	},
	about: {
		out: "<file> the file (default: standard output)",
		format: "<format> csv or jsonl (default: by the file's name, else csv)",
		columns: "<names> columns of contacts, between commas (default: all)",
		raw: "leave formulas as they are, for a program such as convoke import; not for spreadsheets",
		...SELECTION_ABOUT,
	},
	examples: [
		"convoke export -d audience.db --out contacts.csv",
		"convoke export -d audience.db --columns email,firstName,properties.plan --search example.com",
		"convoke export -d audience.db --raw --out backup.csv",
		"convoke export recipients 0198c5a0-0000-7000-8000-000000000001 -d audience.db --format jsonl",
	],
	fields: { filter: "filter", columns: "columns", segmentId: "segment", search: "search" },
	run: async (run) => {
		const { options, screen, streams } = run;
		const out = text(options, "out");
		const pace = createPace();
		let exported = 0;
		const onProgress = (progress: { readonly exported: number }): void => {
			exported = progress.exported;
			if (out !== undefined) screen.progress(undefined, `${count(exported)} rows${pace(exported)}`);
		};
		const pieces = piecesOf(run, formatOf(options["format"], out), onProgress);
		if (out === undefined) {
			for await (const piece of pieces) await print(piece, streams.stdout);
			return EXIT.ok;
		}
		await writeTo(out, pieces);
		screen.endProgress();
		screen.result({ out, exported }, () => screen.line(`Wrote ${count(exported)} rows to ${clean(out)}.`));
		return EXIT.ok;
	},
};

/** Writes a piece, and waits while whoever reads is slower. */
async function print(piece: string, stdout: CliOutput): Promise<void> {
	if (stdout.write(piece) !== false || stdout.once === undefined) return;
	await new Promise<void>((resolve) => void stdout.once?.("drain", resolve));
}

/** Writes pieces to a file, which stays as it is when there are no rows to be had. */
async function writeTo(out: string, pieces: AsyncGenerator<string, void>): Promise<void> {
	const [header, first] = [await pieces.next(), await pieces.next()];
	async function* all(): AsyncGenerator<string, void> {
		for (const { value } of [header, first]) if (typeof value === "string") yield value;
		yield* pieces;
	}
	await pipeline(Readable.from(all()), createWriteStream(out));
}

function formatOf(given: unknown, out: string | undefined): ExportFormat {
	if (given === "csv" || given === "jsonl") return given;
	if (given !== undefined) throw new UsageError("--format is csv or jsonl.");
	return out !== undefined && /\.(jsonl|ndjson)$/i.test(out) ? "jsonl" : "csv";
}

function piecesOf(
	{ args, options, audience }: CommandRun,
	format: ExportFormat,
	onProgress: (progress: { readonly exported: number }) => void,
): AsyncGenerator<string, void> {
	const [given = "contacts"] = args;
	const kind = KINDS.find((known) => known === given);
	if (kind === undefined) throw new UsageError(`There is no \`export ${given}\`, only ${KINDS.join(", ")}.`);
	atMost(args, kind === "recipients" || kind === "issues" ? 2 : 1);
	const formulas = options["raw"] === true ? ("keep" as const) : ("escape" as const);
	const table = { format, formulas, onProgress };
	const all: Audience = audience();
	switch (kind) {
		case "contacts": {
			const columns = text(options, "columns")
				?.split(",")
				.map((name) => name.trim());
			return all.contacts.export({ ...selectionOf(options), ...table, columns });
		}
		case "recipients":
			return all.broadcasts.exportRecipients(required(args, 1, "which broadcast, by its id"), table);
		case "issues":
			return all.contacts.imports.exportIssues(required(args, 1, "which import, by its id"), table);
		default:
			return all[kind].export(table);
	}
}
