import { createAudience, generateLinkKey, invalidInput } from "@convoke/core";
import type { Audience, Storage, Transport } from "@convoke/core";
import { createPostgresStorage } from "@convoke/postgres";
import { createRenderer } from "@convoke/renderer";
import { createSqliteStorage } from "@convoke/sqlite";
import { text, UsageError } from "./command.ts";
import type { OptionValues } from "./command.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Stands in for the transport: the command sends nothing. */
function noTransport(smtputf8: boolean): Transport {
	return {
		name: "convoke command",
		smtputf8,
		idempotent: false,
		send: () => Promise.resolve({ kind: "rejected", reason: "command_sends_nothing" }),
		close: () => Promise.resolve(),
	};
}

/** The database: the path of an SQLite file, or the URL of a Postgres database. @throws `UsageError` */
export function databaseOf(options: OptionValues, env: Environment): string {
	const given = text(options, "database") ?? text(options, "url") ?? env["CONVOKE_DATABASE"];
	if (given === undefined || given === "") {
		throw new UsageError("Say which audience: --database audience.db, --url postgres://…, or CONVOKE_DATABASE.");
	}
	if (/^(?!postgres(ql)?:|sqlite:|file:)\w+:\/\//i.test(given)) {
		throw new UsageError("The database must be an SQLite file, or a URL that begins with postgres://.");
	}
	return given;
}

/** Whether this is the URL of a Postgres database. */
export function isPostgres(database: string): boolean {
	return /^postgres(ql)?:\/\//i.test(database);
}

/**
 * Opens an audience. What only looks needs no keys: those it is given then sign and hash nothing that lasts.
 *
 * @throws `UsageError`; `invalid_input` with `missing_hash_key` for what writes contacts.
 */
export function openAudience(options: OptionValues, env: Environment, needs: { readonly writes: boolean }): Audience {
	const hashKey = env["CONVOKE_HASH_KEY"] ?? "";
	if (needs.writes && hashKey === "") {
		const message =
			"Set CONVOKE_HASH_KEY to the audience's own: opt-outs are remembered by it. See convoke keys --help.";
		throw invalidInput("missing_hash_key", "CONVOKE_HASH_KEY", message);
	}
	const from = text(options, "from");
	const audience = createAudience({
		storage: openStorage(databaseOf(options, env)),
		renderer: createRenderer(),
		sender: () => ({ transport: noTransport(options["smtputf8"] === true), ...(from !== undefined && { from }) }),
		links: {
			baseUrl: env["CONVOKE_BASE_URL"] ?? "https://example.com/mail",
			keys: env["CONVOKE_LINK_KEYS"] ?? generateLinkKey(),
		},
		hashKey: hashKey === "" ? generateLinkKey() : hashKey,
	});
	const tenant = text(options, "tenant");
	return tenant === undefined ? audience : audience.tenant(tenant);
}

function openStorage(database: string): Storage {
	return isPostgres(database)
		? createPostgresStorage({ connectionString: database })
		: createSqliteStorage({ filename: database.replace(/^(sqlite|file):(\/\/)?/i, "") });
}
