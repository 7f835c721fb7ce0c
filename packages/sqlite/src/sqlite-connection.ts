import { driveAtOnce } from "@convoke/kysely";
import type { Statement, StatementResult, Unit } from "@convoke/kysely";
import type { Database, Statement as Prepared } from "better-sqlite3";

/** The most prepared statements that are kept. */
const MAX_PREPARED = 256;

/** Thrown when the connection is in a transaction that is not ours. */
class ConnectionTaken extends Error {
	/** So that it is treated as what it is: somebody else's lock. */
	readonly code = "SQLITE_BUSY";
}

/** Runs units on a better-sqlite3 connection, each in one tick and in one transaction. */
export class SqliteConnection {
	/** The connection. */
	readonly database: Database;
	readonly #prepared = new Map<string, Prepared>();

	constructor(database: Database) {
		this.database = database;
	}

	/** Runs a unit: all of it, or nothing if it throws. A unit that writes takes the lock before it reads. */
	transact<Answer>(mode: "read" | "write", unit: () => Unit<Answer>): Answer {
		const { database } = this;
		if (database.inTransaction) throw new ConnectionTaken("The connection is in another transaction.");
		this.execute(mode === "write" ? BEGIN_WRITE : BEGIN_READ);
		try {
			const answer = driveAtOnce(unit(), (statement) => this.execute(statement));
			this.execute(COMMIT);
			return answer;
		} catch (error) {
			// A full disk, for one, has ended it already.
			if (database.inTransaction) this.execute(ROLLBACK);
			throw error;
		}
	}

	/** Runs a statement. */
	execute({ sql, parameters, each }: Statement): StatementResult {
		const prepared = this.#prepare(sql);
		if (each !== undefined) {
			let changes = 0;
			for (const given of each) changes += prepared.run(...given).changes;
			return { rows: [], changes };
		}
		if (prepared.reader) return { rows: prepared.all(...parameters), changes: 0 };
		return { rows: [], changes: prepared.run(...parameters).changes };
	}

	#prepare(sql: string): Prepared {
		const known = this.#prepared.get(sql);
		if (known !== undefined) {
			// Last in the order of insertion is last to go; those that begin and end transactions never do.
			if (this.#prepared.size >= MAX_PREPARED) this.#prepared.delete(sql);
			this.#prepared.set(sql, known);
			return known;
		}
		const [oldest] = this.#prepared.keys();
		if (this.#prepared.size >= MAX_PREPARED && oldest !== undefined) this.#prepared.delete(oldest);
		const prepared = this.database.prepare(sql);
		this.#prepared.set(sql, prepared);
		return prepared;
	}
}

const BEGIN_READ: Statement = { sql: "begin", parameters: [] };
const BEGIN_WRITE: Statement = { sql: "begin immediate", parameters: [] };
const COMMIT: Statement = { sql: "commit", parameters: [] };
const ROLLBACK: Statement = { sql: "rollback", parameters: [] };
