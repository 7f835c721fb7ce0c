import type { TenantContext } from "../context.ts";
import type { BoundFilter, BoundSubject } from "../filter/filter.ts";
import type { Broadcast } from "../model/broadcast.ts";
import type { PropertyType } from "../model/property.ts";
import type { Finding } from "../ports/renderer.ts";
import { judgementOf } from "./explain.ts";
import { PROPERTY, shownVariable } from "./findings.ts";

/**
 * For each variable without fallback, how many of those who would receive the broadcast have no value for it: theirs
 * reads "Hello ,".
 *
 * @param names as `CompiledMessage.unguarded`, known ones
 */
export async function findMissingValues(
	context: TenantContext,
	broadcast: Broadcast,
	names: readonly string[],
	types: ReadonlyMap<string, PropertyType>,
): Promise<readonly Finding[]> {
	const wanted = names.flatMap((name) => {
		const subject = subjectOf(name, types);
		return subject === undefined ? [] : [{ name, subject }];
	});
	if (wanted.length === 0) return [];
	const { target, rules } = await judgementOf(context, broadcast);
	const excluded: BoundFilter = { kind: "any", of: rules.map(({ when }) => when) };
	const recipients: readonly BoundFilter[] = [target, { kind: "not", of: excluded }];
	const findings: Finding[] = [];
	for (const { name, subject } of wanted) {
		const count = await context.tenant.countContacts({ kind: "all", of: [...recipients, lacks(subject)] });
		if (count > 0) findings.push(missingValue(shownVariable(name), count));
		await context.clock.pause();
	}
	return findings;
}

function subjectOf(name: string, types: ReadonlyMap<string, PropertyType>): BoundSubject | undefined {
	if (name === "firstName" || name === "lastName") return { column: name };
	const key = name.startsWith(PROPERTY) ? name.slice(PROPERTY.length) : undefined;
	const type = key === undefined ? undefined : types.get(key);
	return key === undefined || type === undefined ? undefined : { property: key, type };
}

/** An empty text counts as none, as it does when a message is made. */
function lacks(subject: BoundSubject): BoundFilter {
	const isUnset: BoundFilter = { kind: "not", of: { kind: "set", subject } };
	if ("type" in subject && subject.type !== "string") return isUnset;
	return { kind: "any", of: [isUnset, { kind: "compare", subject, op: "eq", value: "" }] };
}

function missingValue(variable: string, count: number): Finding {
	const who = count === 1 ? "1 recipient has" : `${count} recipients have`;
	return {
		severity: "warning",
		reason: "variable_missing",
		message: `${who} no \`${variable}\`, and nothing stands in for it; write {{{${variable}|…}}}, or give the property a fallback.`,
		count,
	};
}
