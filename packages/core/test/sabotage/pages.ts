import type { PageRequest, TenantStorage } from "../../src/ports/storage.ts";
import type { Break } from "./saboteur.ts";
import { inTenant } from "./saboteur.ts";

/** Reads a page by a changed request, and changes what comes. */
type PageFault = <Row>(
	read: (page: PageRequest) => Promise<readonly Row[]>,
	page: PageRequest,
) => Promise<readonly Row[]>;

const FAULTS: Readonly<Record<string, PageFault>> = {
	"ignores `after`": (read, { limit, before }) => read({ limit, before }),
	"ignores `before`": (read, { limit, after }) => read({ limit, after }),
	"ignores the limit": (read, page) => read({ ...page, limit: 1_000 }),
	"answers with the newest before the cursor, not the nearest": async (read, page) =>
		page.before === undefined ? read(page) : (await read({ ...page, limit: 1_000 })).slice(0, page.limit),
	"includes the row of the cursor": async (read, page) => {
		if (page.after === undefined) return read(page);
		const upToCursor = await read({ limit: 1_000 });
		const rest = await read({ ...page, limit: 1_000 });
		return upToCursor.slice(-rest.length - 1).slice(0, page.limit);
	},
	"is oldest first before a cursor": async (read, page) =>
		page.before === undefined ? read(page) : (await read(page)).toReversed(),
};

/** Verbs that answer with pages, and what breaks each of them. */
const VERBS: Readonly<Record<string, (tenant: TenantStorage, fault: PageFault) => Partial<TenantStorage>>> = {
	pageContacts: (tenant, fault) => ({
		pageContacts: (filter, page) => fault((changed) => tenant.pageContacts(filter, changed), page),
	}),
	pageSegments: (tenant, fault) => ({ pageSegments: (page) => fault((changed) => tenant.pageSegments(changed), page) }),
	pageTopics: (tenant, fault) => ({ pageTopics: (page) => fault((changed) => tenant.pageTopics(changed), page) }),
	pageSuppressions: (tenant, fault) => ({
		pageSuppressions: (page) => fault((changed) => tenant.pageSuppressions(changed), page),
	}),
	pageBroadcasts: (tenant, fault) => ({
		pageBroadcasts: (page) => fault((changed) => tenant.pageBroadcasts(changed), page),
	}),
	pageRecipients: (tenant, fault) => ({
		pageRecipients: (id, where, page) => fault((changed) => tenant.pageRecipients(id, where, changed), page),
	}),
	pageImports: (tenant, fault) => ({ pageImports: (page) => fault((changed) => tenant.pageImports(changed), page) }),
};

/** What is said of pages, broken for each verb that answers with them. */
export const pageSaboteurs: Readonly<Record<string, Break>> = Object.fromEntries(
	Object.entries(VERBS).flatMap(([verb, replace]) =>
		Object.entries(FAULTS).map(([sentence, fault]) => [
			`${verb} ${sentence}`,
			inTenant((tenant) => replace(tenant, fault)),
		]),
	),
);
