/** A statement ready to be run, and the type of the rows it answers with. */
export interface Statement<Row = unknown> {
	/** SQL with placeholders of the database. */
	readonly sql: string;
	/** What the placeholders stand for, in order. */
	readonly parameters: readonly unknown[];
	/** Parameters to run it with one after the other, once each, instead of `parameters`. It answers with no rows then. */
	readonly each?: readonly (readonly unknown[])[] | undefined;
	/** Never there: carries the type of a row. */
	readonly row?: Row;
}

/** What a statement did. */
export interface StatementResult {
	/** The rows it answered with. */
	readonly rows: readonly unknown[];
	/** How many rows it inserted, changed or deleted. */
	readonly changes: number;
}

/**
 * One unit of work: yields statements, gets their results, and returns what the verb answers with. Whoever drives it
 * makes it atomic. It may be begun anew, so it keeps nothing outside of itself.
 */
export type Unit<Answer> = Generator<Statement, Answer, StatementResult>;

/**
 * Ends a unit that came upon something others have just written, with nothing of it done: it is to be begun anew, and
 * finds that then. Its locks have to go meanwhile, for it took them in an order in which others were not.
 */
export class UnitOvertaken extends Error {
	constructor() {
		super("Another unit has written what this one is about.");
		this.name = "UnitOvertaken";
	}
}

/** Drives units. */
export interface Runner {
	/** Runs a unit that changes nothing: all of its statements see one state. */
	read<Answer>(unit: () => Unit<Answer>): Promise<Answer>;
	/** Runs a unit that changes something: all of it, or nothing if it throws. */
	write<Answer>(unit: () => Unit<Answer>): Promise<Answer>;
	/**
	 * The same for work that is taken up again where it stands, such as a chunk of a plan: it need not outlive a power
	 * failure until the next unit that must.
	 */
	writeResumable<Answer>(unit: () => Unit<Answer>): Promise<Answer>;
	/** Lets the process do other things between the units of one long piece of work. */
	pause(): Promise<void>;
	/** Brings the schema up to date by the migrations that are missing. */
	migrate(): Promise<void>;
	/** The storage's own time, in milliseconds. */
	now(): Promise<number>;
	/** The time that statements are given, in milliseconds, where the database has none of its own; see `SqlDialect.clock`. */
	time(): number;
	/** Whether the unit is part of a transaction that the host began, so that long work and migrations are refused. */
	readonly isHosted: boolean;
	/** Ends all work. */
	close(): Promise<void>;
}

/** All rows of a statement. */
export function* all<Row>(statement: Statement<Row>): Unit<readonly Row[]> {
	const { rows } = yield statement;
	return rows as readonly Row[];
}

/** The first row of a statement. */
export function* first<Row>(statement: Statement<Row>): Unit<Row | undefined> {
	const [row] = yield* all(statement);
	return row;
}

/** How many rows a statement inserted, changed or deleted. */
export function* changesOf(statement: Statement): Unit<number> {
	const { changes } = yield statement;
	return changes;
}
