import type { Clock } from "@convoke/core";
import { storageClosed, systemClock } from "@convoke/core";
import { checkSchema, drive, first, migrateSchema, UnitOvertaken } from "@convoke/kysely";
import type { Runner, SqlDialect, Statement, Unit } from "@convoke/kysely";
import { Deadline } from "./deadline.ts";
import { NOW } from "./postgres-dialect.ts";
import {
	commitUnknown,
	isLockTimeout,
	isLost,
	isOvertaken,
	isPassing,
	isTimeout,
	toStorageError,
} from "./postgres-errors.ts";
import { quoteIdentifier } from "./schema-compiler.ts";
import type { Session, Sessions } from "./sessions.ts";

/** What a runner depends on. */
export interface PostgresRunnerOptions {
	readonly sessions: Sessions;
	readonly dialect: SqlDialect;
	/** The schema of the tables, if not the first of the search path. */
	readonly schema: string | undefined;
	/** How long a call may take, in seconds. */
	readonly timeoutSeconds: number;
	/** Gives the storage's own time; absent: the server does. */
	readonly clock: Clock | undefined;
}

/** What a transaction begins with. */
const BEGIN = {
	read: "begin isolation level repeatable read read only",
	write: "begin isolation level read committed read write",
	// What was counted and what was written must be the same people, and the next chunk is planned from what is stored.
	resumable: "begin isolation level repeatable read read write; set local synchronous_commit = off",
} as const;

type Kind = keyof typeof BEGIN;

/** Which part of its time a unit may wait for a lock. */
const LOCK_PART = 0.5;

/** Most times that a unit is begun. */
const MAX_TRIES = 5;

/** Migrations wait for one another, and build indexes. */
const MIGRATION_SECONDS = 3_600;

/** Runs each unit in a transaction of its own, on a connection that it holds for no longer. */
export class PostgresRunner implements Runner {
	readonly isHosted = false;
	readonly #options: PostgresRunnerOptions;
	#isChecked = false;
	#isClosed = false;

	constructor(options: PostgresRunnerOptions) {
		this.#options = options;
	}

	read<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#call("read", unit);
	}

	write<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#call("write", unit);
	}

	writeResumable<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#call("resumable", unit);
	}

	pause(): Promise<void> {
		return systemClock.pause();
	}

	async migrate(): Promise<void> {
		const deadline = new Deadline(MIGRATION_SECONDS);
		await this.#patiently("write", deadline, () => this.#migration());
	}

	time(): number {
		return (this.#options.clock ?? systemClock).now().getTime();
	}

	async now(): Promise<number> {
		if (this.#options.clock !== undefined && !this.#isClosed) return this.time();
		const deadline = new Deadline(this.#options.timeoutSeconds);
		return await this.#patiently("read", deadline, () => askNow());
	}

	async close(): Promise<void> {
		if (this.#isClosed) return;
		this.#isClosed = true;
		await this.#options.sessions.close();
	}

	#call<Answer>(kind: Kind, unit: () => Unit<Answer>): Promise<Answer> {
		const deadline = new Deadline(this.#options.timeoutSeconds);
		return this.#patiently(kind, deadline, () => (this.#isChecked ? unit() : this.#checkedFirst(unit)));
	}

	*#checkedFirst<Answer>(unit: () => Unit<Answer>): Unit<Answer> {
		yield* checkSchema(this.#options.dialect, hasSchema(this.#options.dialect));
		this.#isChecked = true;
		return yield* unit();
	}

	/** Begins a unit anew while only others are in its way. */
	async #patiently<Answer>(kind: Kind, deadline: Deadline, unit: () => Unit<Answer>): Promise<Answer> {
		for (let tries = 1; ; tries += 1) {
			if (this.#isClosed) throw storageClosed();
			try {
				return await this.#options.sessions.use(deadline, (session) => transact(session, kind, deadline, unit));
			} catch (failure) {
				// Somebody else has come further, so that this comes to an end.
				if (failure instanceof UnitOvertaken && deadline.leftPart > 0) continue;
				const mayPass = isPassing(failure) || isOvertaken(failure);
				// Whoever has waited for a lock for half of the time would wait in vain for the rest of it.
				const isEnough = deadline.leftPart <= (isLockTimeout(failure) ? LOCK_PART + 0.1 : 0);
				if (!mayPass || tries >= MAX_TRIES || isEnough) throw toStorageError(failure, deadline.seconds);
				// Whoever was overtaken finds what the other one has written, and need not wait for anything.
				if (isPassing(failure)) await systemClock.sleep(waitMs(tries, deadline));
			}
		}
	}

	/** One transaction at a time, whoever else is migrating. */
	*#migration(): Unit<void> {
		const { dialect, schema } = this.#options;
		yield { sql: "select pg_advisory_xact_lock(hashtext('convoke migrations'))", parameters: [] };
		if (schema !== undefined) yield* createSchema(schema);
		yield* migrateSchema(dialect, hasSchema(dialect), yield* askNow());
	}
}

/** The table by which a database is known to be ours. Does not fail where there is none. */
export function hasSchema({ types }: SqlDialect): Statement<object> {
	return { sql: "select 1 as found where to_regclass($1) is not null", parameters: [types.table("migrations")] };
}

/** Asks the server for its time. */
export const ASK_TIME: Statement<{ now: number }> = { sql: `select ${NOW} as now`, parameters: [] };

function* askNow(): Unit<number> {
	return Number((yield* first(ASK_TIME))?.now);
}

/** Looks first: to create one, even if it is there, takes a right that the user need not have. */
function* createSchema(schema: string): Unit<void> {
	const found = { sql: "select 1 as found from pg_namespace where nspname = $1", parameters: [schema] };
	if ((yield* first<object>(found)) === undefined) {
		yield { sql: `create schema ${quoteIdentifier(schema)}`, parameters: [] };
	}
}

async function transact<Answer>(
	session: Session,
	kind: Kind,
	deadline: Deadline,
	unit: () => Unit<Answer>,
): Promise<Answer> {
	let answer: Answer;
	try {
		await session.execute(beginning(kind, deadline));
		answer = await drive(unit(), (statement) => session.execute(statement));
	} catch (failure) {
		await giveUp(session, failure);
		throw failure;
	}
	try {
		await session.execute(COMMIT);
	} catch (failure) {
		if (isLost(failure) || isTimeout(failure)) {
			session.discard();
			// To read was all there was to do, so that it does not matter whether this was heard.
			if (kind !== "read") throw commitUnknown(failure);
		}
		throw failure;
	}
	return answer;
}

const COMMIT: Statement = { sql: "commit", parameters: [] };
const ROLLBACK: Statement = { sql: "rollback", parameters: [] };

/**
 * The settings last as long as the transaction, so that a pooler may share the connection. They end it on the server when
 * this process no longer can: it may be gone, or the network.
 */
function beginning(kind: Kind, { left }: Deadline): Statement {
	// A lock that is waited for is told from a statement that takes long.
	const lock = Math.ceil(left * LOCK_PART);
	const settings = `set local statement_timeout = ${left}; set local lock_timeout = ${lock}; set local idle_in_transaction_session_timeout = ${left}`;
	return { sql: `${BEGIN[kind]}; ${settings}`, parameters: [] };
}

async function giveUp(session: Session, failure: unknown): Promise<void> {
	if (isTimeout(failure) || isLost(failure)) {
		session.discard();
		return;
	}
	await session.execute(ROLLBACK).catch(() => {
		session.discard();
	});
}

/** Milliseconds to wait, a little longer each time, and not as long as others who wait for the same. */
function waitMs(tries: number, { left }: Deadline): number {
	return Math.min(2 ** tries * 10 * (0.5 + Math.random()), left);
}
