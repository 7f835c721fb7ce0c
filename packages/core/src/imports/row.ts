import { ConvokeError } from "../errors.ts";
import type { ImportIssue } from "../model/import.ts";

/** One row of a table, or the header, which comes first. */
export interface TableRow {
	/** 1-based line where the row begins. */
	readonly line: number;
	/** Its cells, trimmed; as many as the header has. */
	readonly cells: readonly string[];
}

/** One row that was refused. */
export interface RefusedRow {
	/** 1-based line where the row begins. */
	readonly line: number;
	/** Why: at least one issue, each an error. */
	readonly issues: readonly ImportIssue[];
}

/** A row that is refused for one reason. */
export function refusedRow(line: number, reason: string, message: string): RefusedRow {
	return { line, issues: [{ line, severity: "error", reason, field: null, message }] };
}

/** A file that cannot be read, or not any further. No input field is named: the file as a whole is at fault. */
export class UnreadableFile extends ConvokeError {
	/** 1-based line from which on it cannot be read. */
	readonly line: number;

	constructor(reason: string, message: string, line = 1) {
		super("invalid_input", { reason, message });
		this.line = line;
	}
}

/** The error for a file that cannot be read from a line on. */
export function unreadable(reason: string, message: string, line?: number): UnreadableFile {
	return new UnreadableFile(reason, message, line);
}
