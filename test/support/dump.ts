import type { BoundFilter, PageRequest, Storage } from "@convoke/core";

const EVERYONE: BoundFilter = { kind: "all", of: [] };

/** Everything a storage keeps of these tenants, read through its own port. */
export async function dump(storage: Storage, tenantIds: readonly string[]): Promise<unknown> {
	return Promise.all(tenantIds.map((tenantId) => dumpTenant(storage, tenantId)));
}

async function dumpTenant(storage: Storage, tenantId: string): Promise<unknown> {
	const tenant = storage.forTenant(tenantId);
	const contacts = await all((page) => tenant.pageContacts(EVERYONE, page));
	// By rank: a storage may leave gaps between the cursors.
	const events = (await tenant.listEvents(undefined, 100_000)).map((event, rank) => ({ ...event, cursor: rank }));
	const broadcasts = await all((page) => tenant.pageBroadcasts(page));
	const imports = await all((page) => tenant.pageImports(page));
	// Also those of contacts that were removed.
	const contactIds = new Set([...contacts.map(({ id }) => id), ...events.flatMap(({ contactId }) => contactId ?? [])]);
	return {
		tenantId,
		contacts,
		events,
		retained: await Promise.all([...contactIds].map((id) => retainedOf(storage, tenantId, id))),
		properties: await tenant.listProperties(),
		segments: await all((page) => tenant.pageSegments(page)),
		topics: await all((page) => tenant.pageTopics(page)),
		suppressions: await all((page) => tenant.pageSuppressions(page)),
		broadcasts: await Promise.all(
			broadcasts.map(async (broadcast) => ({
				...broadcast,
				content: await tenant.findContent(broadcast.id),
				counts: await tenant.tallyBroadcast(broadcast.id),
				recipients: await tenant.pageRecipients(broadcast.id, {}, { limit: 100_000 }),
			})),
		),
		imports: await Promise.all(
			imports.map(async (each) => ({ ...each, issues: await tenant.listImportIssues(each.id, 0, 100_000) })),
		),
	};
}

/** Opt-outs kept for a contact, which only a unit that decides nothing can read. */
async function retainedOf(storage: Storage, tenantId: string, id: string): Promise<unknown> {
	let former: unknown;
	await storage.forTenant(tenantId).changeContacts([{ key: { id } }], ([found]) => {
		former = found?.former;
		return { contacts: [{ retain: [], events: [] }] };
	});
	return { id, former };
}

async function all<Row extends { readonly id: string }>(
	read: (page: PageRequest) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
	const rows: Row[] = [];
	for (;;) {
		const page = await read({ limit: 100, after: rows.at(-1)?.id });
		rows.push(...page);
		if (page.length < 100) return rows;
	}
}
