import type { Statement, StatementResult, Unit } from "./statement.ts";

/** Drives a unit with statements that are awaited. */
export async function drive<Answer>(
	unit: Unit<Answer>,
	execute: (statement: Statement) => Promise<StatementResult>,
): Promise<Answer> {
	let step = unit.next();
	while (step.done !== true) step = unit.next(await execute(step.value));
	return step.value;
}

/** Drives a unit in one tick. */
export function driveAtOnce<Answer>(unit: Unit<Answer>, execute: (statement: Statement) => StatementResult): Answer {
	let step = unit.next();
	while (step.done !== true) step = unit.next(execute(step.value));
	return step.value;
}
