import type { Statement, StatementResult, Unit } from "./statement.ts";

/** Drives a unit with statements that are awaited. */
export async function drive<Answer>(
	unit: Unit<Answer>,
	execute: (statement: Statement) => Promise<StatementResult>,
): Promise<Answer> {
	let step = unit.next();
	while (step.done !== true) step = unit.next(await executeEach(step.value, execute));
	return step.value;
}

async function executeEach(
	statement: Statement,
	execute: (statement: Statement) => Promise<StatementResult>,
): Promise<StatementResult> {
	const { sql, each } = statement;
	if (each === undefined) return execute(statement);
	let changes = 0;
	for (const parameters of each) changes += (await execute({ sql, parameters })).changes;
	return { rows: [], changes };
}

/** Drives a unit in one tick. `execute` runs what is to be run several times. */
export function driveAtOnce<Answer>(unit: Unit<Answer>, execute: (statement: Statement) => StatementResult): Answer {
	let step = unit.next();
	while (step.done !== true) step = unit.next(execute(step.value));
	return step.value;
}
