import { ConvokeError } from "@convoke/core";

/** Work that a storage in the host's transaction does not do. */
export function refusedWhenHosted(what: string): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: "in_host_transaction",
		message: `${what} does not run inside the host's transaction: use the storage that the audience was made with.`,
	});
}

/** A storage outlived the host's transaction that it was made for. */
export function hostTransactionEnded(cause: unknown): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: "transaction_ended",
		message:
			"The transaction that this storage is part of has ended: make one for each transaction, and await every call " +
			"before its end.",
		cause,
	});
}

/** The database has none of our tables. */
export function schemaMissing(): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "schema_missing",
		message: "The database has no Convoke tables yet: call `await audience.migrate()` once before anything else.",
	});
}

/** The database lacks migrations of this library. */
export function schemaOutdated(version: number, latest: number): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "schema_outdated",
		message: `The database has version ${version} of the schema and this library needs ${latest}: call \`await audience.migrate()\`.`,
	});
}

/** The database was migrated by a newer library. */
export function schemaTooNew(version: number, latest: number): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "schema_too_new",
		message: `The database has version ${version} of the schema and this library knows ${latest}: update @convoke/kysely.`,
	});
}
