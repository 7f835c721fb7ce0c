import { EVERYONE } from "../filter/filter.ts";
import type { TenantStorage } from "../ports/storage.ts";

const ALL = { limit: 10_000 };

/** All that a tenant's verbs show, for telling whether something changed. */
export async function readTenant(tenant: TenantStorage): Promise<unknown> {
	const broadcasts = await tenant.pageBroadcasts(ALL);
	const imports = await tenant.pageImports(ALL);
	return {
		contacts: await tenant.pageContacts(EVERYONE, ALL),
		properties: await tenant.listProperties(),
		segments: await tenant.pageSegments(ALL),
		topics: await tenant.pageTopics(ALL),
		suppressions: await tenant.pageSuppressions(ALL),
		events: await tenant.listEvents(undefined, ALL.limit),
		broadcasts,
		sendings: await each(broadcasts, (id) => readSending(tenant, id)),
		imports,
		issues: await each(imports, (id) => tenant.listImportIssues(id, 0, ALL.limit)),
	};
}

/** Changes a value in every place that can be changed. */
export function tamper(value: unknown): void {
	if (typeof value !== "object" || value === null) return;
	if (value instanceof Date) {
		value.setTime(0);
		return;
	}
	for (const part of Object.values(value)) tamper(part);
	if (Object.isFrozen(value)) return;
	if (Array.isArray(value)) value.push("tampered");
	for (const key of Object.keys(value)) Reflect.set(value, key, "tampered");
}

async function readSending(tenant: TenantStorage, broadcastId: string): Promise<unknown> {
	return {
		content: await tenant.findContent(broadcastId),
		recipients: await tenant.pageRecipients(broadcastId, {}, ALL),
		tally: await tenant.tallyBroadcast(broadcastId),
	};
}

async function each(
	rows: readonly { readonly id: string }[],
	read: (id: string) => Promise<unknown>,
): Promise<readonly unknown[]> {
	const answers: unknown[] = [];
	for (const { id } of rows) answers.push(await read(id));
	return answers;
}
