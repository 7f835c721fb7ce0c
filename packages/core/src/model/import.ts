import type { PropertyValues } from "./contact.ts";
import type { PropertyType } from "./property.ts";

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

/** An import as storages hold it. */
export interface ImportRecord extends ContactImport {
	/** Digest of the header and of the rows read so far, by which a file is known that an import goes on with. */
	readonly fingerprint: string;
}

/** Something to know about one row, or about the file. Never holds the row's values. */
export interface ImportIssue {
	/** 1-based line of the file where the row begins; of a pasted list, the entry's line. */
	readonly line: number;
	/**
	 * `error`: the row was refused, or, of an import that failed for the same reason, nothing could be read from there on.
	 * `warning`: the row was taken, and something in it was not.
	 */
	readonly severity: "error" | "warning";
	/** Specific cause, such as `invalid_email` or `opt_out_kept`. */
	readonly reason: string;
	/** The contact field concerned. */
	readonly field: string | null;
	/** One sentence. */
	readonly message: string;
}

/** One of the first rows of a file, as it was understood. */
export interface ImportSample {
	/** 1-based line of the file where the row begins. */
	readonly line: number;
	/** The address. */
	readonly email: string;
	/** The first name. */
	readonly firstName: string | null;
	/** The last name. */
	readonly lastName: string | null;
	/** Values of properties. */
	readonly properties: PropertyValues;
}

/** What an import would do, found out without writing anything. */
export interface ImportReview {
	/** Names of the columns that are read, by what they hold: `email`, `properties.plan`, `topics.<id>`. */
	readonly columns: Readonly<Record<string, string>>;
	/** Names of the columns that are left out, in their order. */
	readonly unreadColumns: readonly string[];
	/** Properties that would be created. */
	readonly newProperties: Readonly<Record<string, PropertyType>>;
	/** What would become of the rows. */
	readonly counts: ImportCounts;
	/** Why the file cannot be read to its end; `null`: it can. */
	readonly failure: string | null;
	/** The first 1,000 issues, in the order of the rows. */
	readonly issues: readonly ImportIssue[];
	/** Whether there are more. */
	readonly hasMoreIssues: boolean;
	/** The first 5 rows that are taken. */
	readonly samples: readonly ImportSample[];
}
