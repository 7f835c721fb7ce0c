import type {
	BoundFilter,
	RecipientOutcome,
	RecipientState,
	SliceLease,
	TenantStorage,
	Walk,
	WalkChunk,
} from "@convoke/core";
import fc from "fast-check";
import { broadcasts, planAt } from "./broadcast-operations.ts";
import { onRoot, onTenant, operation } from "./operation.ts";
import type { Mark, Operation, Side } from "./operation.ts";
import { BROADCAST_IDS, CONTACT_IDS, filters, instants, pages, rules, someText, TENANTS } from "./pools.ts";

const broadcastId = fc.constantFrom(...BROADCAST_IDS);
const contactId = fc.constantFrom(...CONTACT_IDS);

type Passed = Pick<WalkChunk, "candidates" | "included" | "excluded">;

/** Everybody in small chunks, whose bounds are the same everywhere, or any target in one. */
const targets: fc.Arbitrary<Pick<Walk, "target" | "limit">> = fc.oneof(
	fc.integer({ min: 1, max: 5 }).map((limit) => ({ target: { kind: "all", of: [] } satisfies BoundFilter, limit })),
	filters.map((target) => ({ target, limit: 1_000 })),
);

/** Goes on until the walk ends, for a storage may take fewer candidates at a time than it was asked to. */
async function drive(walk: Walk, take: (walk: Walk) => Promise<WalkChunk | undefined>): Promise<Passed | undefined> {
	const sum = { candidates: 0, included: 0 };
	const excluded = new Map<string, number>();
	for (let { after } = walk; ; ) {
		const chunk = await take({ ...walk, after });
		if (chunk === undefined) return undefined;
		sum.candidates += chunk.candidates;
		sum.included += chunk.included;
		for (const [reason, count] of Object.entries(chunk.excluded)) {
			excluded.set(reason, (excluded.get(reason) ?? 0) + count);
		}
		if (chunk.complete) return { ...sum, excluded: Object.fromEntries(excluded) };
		after = chunk.through;
	}
}

const walks = fc.tuple(targets, rules, contactId, fc.option(contactId, { nil: undefined, freq: 2 }));

const surveyChunk = onTenant("surveyChunk", walks, (tenant, [target, left, upTo, after]) =>
	drive({ ...target, rules: left, upTo, after }, (walk) => tenant.surveyChunk(walk)),
);

/** Freezes a plan from where it stands to its end. */
function freeze(side: Side, tenant: TenantStorage, id: string, walk: Walk, at: Date): Promise<Passed | undefined> {
	return drive(walk, async (part) => {
		const sliceId = `0197510c-0000-7000-8000-${String(side.slices).padStart(12, "0")}`;
		const chunk = await tenant.freezeChunk(id, part, { id: sliceId, at });
		if (chunk !== undefined && chunk.candidates > 0) side.slices += 1;
		return chunk;
	});
}

const freezeChunk = onTenant(
	"freezeChunk",
	fc.tuple(broadcastId, targets, rules, instants, fc.nat(9)),
	async (tenant, [id, target, left, at, mood], side) => {
		const plan = (await tenant.findBroadcast(id))?.plan;
		const after = mood === 0 ? CONTACT_IDS[0] : (plan?.through ?? undefined);
		const upTo = plan?.upTo ?? CONTACT_IDS[0] ?? "";
		return freeze(side, tenant, id, { ...target, rules: left, upTo, after }, at);
	},
);

/** A broadcast on its way: inserted in the place of one that is done with, queued, planned, and sending if nothing is against it. */
export const launches: fc.Arbitrary<readonly Operation[]> = fc
	.tuple(fc.constantFrom(...TENANTS), broadcasts, targets, rules, instants)
	.map(([tenantId, record, target, left, at]) => {
		const { id } = record;
		const of = ({ storage }: Side): TenantStorage => storage.forTenant(tenantId);
		return [
			operation("deleteBroadcast", [tenantId, id], (side) =>
				of(side).deleteBroadcast(id, ["draft", "scheduled", "sent", "canceled", "failed"]),
			),
			operation("insertBroadcast", [tenantId, record], (side) => of(side).insertBroadcast(record)),
			operation("moveBroadcast", [tenantId, id, "queued"], async (side) =>
				of(side).moveBroadcast({
					id,
					from: ["draft", "scheduled"],
					changes: { status: "queued", queuedAt: at, plan: await planAt(of(side), at) },
				}),
			),
			operation("freezeChunk", [tenantId, id, target, left], async (side) => {
				const plan = (await of(side).findBroadcast(id))?.plan;
				const range = { upTo: plan?.upTo ?? CONTACT_IDS[0] ?? "", after: plan?.through ?? undefined };
				return freeze(side, of(side), id, { ...target, rules: left, ...range }, at);
			}),
			operation("moveBroadcast", [tenantId, id, "sending"], (side) =>
				of(side).moveBroadcast({ id, from: ["queued"], changes: { status: "sending" } }),
			),
		];
	});

const claimSlice = onRoot(
	"claimSlice",
	fc.tuple(fc.constantFrom("one", "two"), fc.constantFrom(1, 60_000), fc.integer({ min: -60_000, max: 600_000 })),
	async ({ storage, leases, clock }, [owner, leaseMs, ahead]) => {
		const at = new Date(clock.now().getTime() + ahead);
		const lease = await storage.claimSlice({ owner, leaseMs, at });
		if (lease !== undefined) leases.push(lease);
		return lease;
	},
);

/** What became of a recipient; most often of the attempt it was marked for. */
const outcomes = fc.array(
	fc.record({
		mark: fc.nat(7),
		older: fc.constantFrom(0, 0, 0, 0, 0, 1, -1),
		state: fc.constantFrom("sent", "sent", "failed", "pending", "pending", "uncertain"),
		reason: fc.option(someText),
		retryAt: fc.option(instants),
		providerId: fc.option(someText, { freq: 1 }),
		untried: fc.constantFrom(undefined, undefined, undefined, true as const),
	}),
	{ maxLength: 4 },
);

const steps = fc.record({
	lease: fc.constantFrom(0, 0, 0, 0, 1, 2),
	isUnknown: fc.nat(19),
	leaseMs: fc.constantFrom(0, 1, 60_000, 60_000),
	outcomes,
	mark: fc.nat(5),
	rules,
	onInterrupted: fc.constantFrom("resend" as const, "hold" as const),
	at: instants,
});

const UNKNOWN: SliceLease = {
	tenantId: TENANTS[0],
	broadcastId: BROADCAST_IDS[0] ?? "",
	sliceId: "0197510c-ffff-7000-8000-000000000000",
	owner: "one",
	claim: 1,
};

const advanceSlice = onRoot(
	"advanceSlice",
	steps,
	async (side, { lease: back, isUnknown, outcomes: given, ...step }) => {
		const lease = (isUnknown === 0 ? undefined : side.leases.at(-1 - back)) ?? side.leases.at(-1) ?? UNKNOWN;
		const marks = side.marks.filter((mark) => mark.lease.sliceId === lease.sliceId);
		const turn = await side.storage.forTenant(lease.tenantId).advanceSlice({
			...step,
			lease: isUnknown === 0 ? UNKNOWN : lease,
			outcomes: given.flatMap(({ mark, older, ...outcome }) => outcomeOf(marks.at(-1 - mark), older, outcome)),
		});
		for (const { contact, attempt } of turn.marked) side.marks.push({ lease, contactId: contact.id, attempt });
		return turn;
	},
);

function outcomeOf(
	mark: Mark | undefined,
	older: number,
	outcome: Omit<RecipientOutcome, "contactId" | "attempt">,
): readonly RecipientOutcome[] {
	return mark === undefined ? [] : [{ ...outcome, contactId: mark.contactId, attempt: mark.attempt - older }];
}

const state = fc.constantFrom<RecipientState>("pending", "sending", "sent", "failed", "skipped", "uncertain");

/** Of the broadcast that was worked on last, or of any. */
const moveRecipients = onRoot(
	"moveRecipients",
	fc.record({
		tenantId: fc.constantFrom(...TENANTS),
		isAny: fc.nat(3),
		move: fc.record({
			broadcastId,
			contactId: fc.option(contactId, { nil: undefined, freq: 2 }),
			withReason: fc.option(someText, { nil: undefined, freq: 1 }),
			whileIn: fc.option(fc.constant(["sent", "failed", "sending"] as const), { nil: undefined, freq: 1 }),
			reopen: fc.constantFrom(undefined, true as const),
			from: fc.oneof(fc.constant("pending" as const), state),
			to: state.filter((to) => to !== "sending"),
			reason: fc.option(someText),
			at: instants,
			limit: fc.integer({ min: 1, max: 6 }),
		}),
	}),
	({ storage, leases }, { tenantId, isAny, move }) => {
		const lease = isAny === 0 ? undefined : leases.at(-1);
		const { broadcastId: id } = lease ?? move;
		return storage.forTenant(lease?.tenantId ?? tenantId).moveRecipients({ ...move, broadcastId: id });
	},
);

/** What a worker does with a slice. */
export const works: fc.Arbitrary<readonly Operation[]> = fc.tuple(
	claimSlice,
	advanceSlice,
	advanceSlice,
	fc.oneof(moveRecipients, advanceSlice),
);

const selections = fc.record(
	{ state, reason: fc.constantFrom("unsubscribed", "removed", "Ada") },
	{ requiredKeys: [] },
);

const counts = (verb: "tallyBroadcast" | "recountBroadcast"): fc.Arbitrary<Operation> =>
	onTenant(verb, broadcastId, (tenant: TenantStorage, id: string, _side: Side) => tenant[verb](id));

/** Plans, slices and recipients. */
export const sendingOperations: readonly fc.Arbitrary<Operation>[] = [
	surveyChunk,
	freezeChunk,
	freezeChunk,
	claimSlice,
	claimSlice,
	advanceSlice,
	advanceSlice,
	advanceSlice,
	moveRecipients,
	moveRecipients,
	onTenant("findRecipient", fc.tuple(broadcastId, contactId), (tenant, [id, contact]) =>
		tenant.findRecipient(id, contact),
	),
	onTenant("pageRecipients", fc.tuple(broadcastId, selections, pages(CONTACT_IDS)), (tenant, [id, where, page]) =>
		tenant.pageRecipients(id, where, page),
	),
	onTenant("pageContactRecipients", fc.tuple(contactId, fc.integer({ min: 1, max: 4 })), (tenant, [id, limit]) =>
		tenant.pageContactRecipients(id, limit),
	),
	onTenant("tallyReasons", fc.tuple(broadcastId, state), async (tenant, [id, of]) => {
		const reasons = (await tenant.tallyReasons(id, of)).map(({ reason, count }) => JSON.stringify([reason, count]));
		return reasons.toSorted((a, b) => (a < b ? -1 : 1));
	}),
	counts("tallyBroadcast"),
	counts("recountBroadcast"),
];
