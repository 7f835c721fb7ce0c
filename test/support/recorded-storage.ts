import type { Storage, TenantStorage } from "@convoke/core";

type Effect = "read" | "write";

const ROOT: Readonly<Record<keyof Storage, Effect>> = {
	migrate: "write",
	close: "write",
	now: "read",
	forTenant: "read",
	findTenant: "read",
	findDue: "read",
	claimSlice: "write",
	takePermits: "write",
	measureBacklog: "read",
};

const TENANT: Readonly<Record<keyof TenantStorage, Effect>> = {
	changeContacts: "write",
	findContacts: "read",
	pageContacts: "read",
	countContacts: "read",
	findLastContactId: "read",
	insertProperty: "write",
	listProperties: "read",
	updateProperty: "write",
	deleteProperty: "write",
	insertSegment: "write",
	findSegments: "read",
	pageSegments: "read",
	updateSegment: "write",
	deleteSegment: "write",
	insertTopic: "write",
	findTopics: "read",
	pageTopics: "read",
	updateTopic: "write",
	deleteTopic: "write",
	insertSuppression: "write",
	findSuppression: "read",
	pageSuppressions: "read",
	deleteSuppression: "write",
	listEvents: "read",
	pageContactEvents: "read",
	keepKey: "write",
	insertBroadcast: "write",
	findBroadcast: "read",
	pageBroadcasts: "read",
	moveBroadcast: "write",
	deleteBroadcast: "write",
	findContent: "read",
	surveyChunk: "read",
	freezeChunk: "write",
	advanceSlice: "write",
	moveRecipients: "write",
	findRecipient: "read",
	pageRecipients: "read",
	pageContactRecipients: "read",
	tallyReasons: "read",
	tallyBroadcast: "read",
	recountBroadcast: "read",
	insertImport: "write",
	findImport: "read",
	pageImports: "read",
	moveImport: "write",
	listImportIssues: "read",
};

/** All verbs of the port. */
export const VERBS: readonly string[] = [...Object.keys(ROOT), ...Object.keys(TENANT)];

/** Verbs that were called, in order. */
export interface StorageCalls {
	readonly reads: string[];
	readonly writes: string[];
	/** Tenants whose part was asked for. */
	readonly tenants: string[];
}

/** The same storage, noting down which verbs are called. */
export function recordStorage(storage: Storage): { readonly storage: Storage; readonly calls: StorageCalls } {
	const calls: StorageCalls = { reads: [], writes: [], tenants: [] };
	const note = (effect: Effect, verb: string): void => {
		(effect === "read" ? calls.reads : calls.writes).push(verb);
	};
	const forTenant = (tenantId: string): TenantStorage => {
		calls.tenants.push(tenantId);
		return recorded(storage.forTenant(tenantId), (verb) => note(TENANT[verb], verb));
	};
	return { storage: recorded(storage, (verb) => note(ROOT[verb], verb), { forTenant }), calls };
}

function recorded<T extends object>(target: T, note: (verb: keyof T & string) => void, instead: Partial<T> = {}): T {
	return new Proxy(target, {
		get(_, name) {
			const verb = name as keyof T & string;
			if (instead[verb] !== undefined) return instead[verb];
			const method: unknown = target[verb];
			if (typeof method !== "function") return method;
			return (...args: readonly unknown[]): unknown => {
				note(verb);
				return Reflect.apply(method, target, args);
			};
		},
	});
}
