import { schemaSql as postgresSchema } from "@convoke/postgres";
import { schemaSql as sqliteSchema } from "@convoke/sqlite";
import { atMost, EXIT } from "../command.ts";
import type { Command } from "../command.ts";
import { databaseOf, isPostgres } from "../open-audience.ts";
import { clean } from "../screen.ts";

/** `convoke migrate`. */
export const migrate: Command = {
	name: "migrate",
	summary: "Make the tables, or bring them up to date",
	usage: ["migrate [--print]"],
	options: { print: { type: "boolean" } },
	about: { print: "write the SQL instead of running it" },
	examples: ["convoke migrate -d audience.db", "convoke migrate --url postgres://localhost/app --print > schema.sql"],
	run: async ({ args, options, env, screen, audience }) => {
		atMost(args, 0);
		const database = databaseOf(options, env);
		if (options["print"] === true) {
			const sql = isPostgres(database) ? postgresSchema() : sqliteSchema();
			screen.result({ sql }, () => screen.line(sql));
			return EXIT.ok;
		}
		await audience().migrate();
		// A URL holds a password.
		const name = isPostgres(database) ? new URL(database).pathname.slice(1) : database;
		screen.result({ migrated: true }, () => screen.line(`The tables in ${clean(name)} are up to date.`));
		return EXIT.ok;
	},
};
