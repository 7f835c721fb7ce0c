/** Where an import stands. */
export type ImportStatus = "in_progress" | "completed" | "canceled" | "failed";

/** What became of the rows read so far. `total` is the sum of the others. */
export interface ImportCounts {
	/** Data rows read. */
	readonly total: number;
	/** Rows that made a new contact. */
	readonly created: number;
	/** Rows that changed an existing contact, or found it already as it should be. */
	readonly updated: number;
	/** Rows left out because the contact exists and `onConflict` is `skip`. */
	readonly skipped: number;
	/** Rows refused, each with its error. */
	readonly failed: number;
}

/** One import of contacts. */
export interface ContactImport {
	/** UUIDv7. */
	readonly id: string;
	/** Where it stands. */
	readonly status: ImportStatus;
	/** What became of the rows read so far. */
	readonly counts: ImportCounts;
	/** Why the whole import failed: an error's `reason`, or `interrupted` by an error of the host's stream or `onProgress`. */
	readonly failure: string | null;
	/** When it began. */
	readonly createdAt: Date;
	/** When it ended. */
	readonly completedAt: Date | null;
}

/** Something to know about one row. Never holds the row's values. */
export interface ImportIssue {
	/** 1-based line of the file where the row begins; of a pasted list, the entry's line. */
	readonly line: number;
	/** `error`: the row was refused. `warning`: it was taken, and something in it was not. */
	readonly severity: "error" | "warning";
	/** Specific cause, such as `invalid_email` or `opt_out_kept`. */
	readonly reason: string;
	/** The contact field concerned. */
	readonly field: string | null;
	/** One sentence. */
	readonly message: string;
}
