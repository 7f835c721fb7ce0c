import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { BroadcastRecord } from "../model/broadcast.ts";
import type {
	Backlog,
	DueBroadcast,
	PermitRequest,
	Permits,
	SliceLease,
	Storage,
	TenantStorage,
} from "../ports/storage.ts";
import { FULL_BUCKET, takePermits } from "../rules/rate-limit.ts";
import type { Bucket } from "../rules/rate-limit.ts";
import { storageClosed } from "../storage-errors.ts";
import { MemoryTenant } from "./memory-tenant.ts";
import { isLeased } from "./recipient-rows.ts";
import type { Slice } from "./recipient-rows.ts";
import { claimSlice } from "./sending.ts";
import { TenantTables } from "./tenant-tables.ts";

/** What a storage in memory depends on. */
export interface MemoryStorageOptions {
	/** Gives the storage's own time, which leases go by. @default the machine's clock */
	readonly clock?: Clock | undefined;
}

/**
 * Makes a storage that keeps everything in this process and forgets it at the end: for unit tests, and the reference
 * for other storages. It needs no `migrate`. Each verb does its work in one tick.
 */
export function createMemoryStorage({ clock = systemClock }: MemoryStorageOptions = {}): Storage {
	return new MemoryStorage(clock);
}

/** A broadcast and whose it is. */
interface OwnedBroadcast {
	readonly tenantId: string;
	readonly tables: TenantTables;
	readonly broadcast: BroadcastRecord;
}

class MemoryStorage implements Storage {
	readonly #clock: Clock;
	readonly #tenants = new Map<string, TenantTables>();
	readonly #buckets = new Map<string, Bucket>();
	#isClosed = false;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	async migrate(): Promise<void> {
		this.#checkOpen();
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		this.#tenants.clear();
	}

	async now(): Promise<Date> {
		this.#checkOpen();
		return new Date(this.#time());
	}

	forTenant(tenantId: string): TenantStorage {
		return new MemoryTenant(
			() => this.#tables(tenantId),
			() => this.#time(),
		);
	}

	async findTenant(
		owner: { readonly broadcastId: string } | { readonly contactId: string },
	): Promise<string | undefined> {
		this.#checkOpen();
		for (const [tenantId, tables] of this.#tenants) if (owns(tables, owner)) return tenantId;
		return undefined;
	}

	async findDue(at: Date, limit: number): Promise<readonly DueBroadcast[]> {
		const due: DueBroadcast[] = [];
		for (const { tenantId, tables, broadcast } of this.#broadcasts()) {
			if (due.length >= limit) break;
			const need = needOf(tables, broadcast, at, this.#time());
			if (need !== undefined) due.push({ tenantId, broadcastId: broadcast.id, need });
		}
		return due;
	}

	async claimSlice(claim: {
		readonly owner: string;
		readonly leaseMs: number;
		readonly at: Date;
		readonly of?: { readonly tenantId: string; readonly broadcastId: string } | undefined;
		readonly except?: readonly string[] | undefined;
	}): Promise<SliceLease | undefined> {
		const { owner, leaseMs, at, of, except = [] } = claim;
		for (const { tenantId, tables, broadcast } of this.#broadcasts()) {
			if (broadcast.status !== "sending" || except.includes(broadcast.id)) continue;
			if (of !== undefined && (of.tenantId !== tenantId || of.broadcastId !== broadcast.id)) continue;
			const { slices } = tables.recipientsOf(broadcast.id);
			const slice = slices.find((one) => claimSlice(one, owner, leaseMs, at.getTime(), this.#time()));
			if (slice === undefined) continue;
			return { tenantId, broadcastId: broadcast.id, sliceId: slice.id, owner, claim: slice.claim };
		}
		return undefined;
	}

	async takePermits({ key, want, perSecond, perDay, unused }: PermitRequest): Promise<Permits> {
		this.#checkOpen();
		const before = this.#buckets.get(key) ?? FULL_BUCKET;
		const { bucket, ...taken } = takePermits({ perSecond, perDay }, before, want, this.#time(), unused);
		this.#buckets.set(key, bucket);
		return taken;
	}

	async measureBacklog(): Promise<Backlog> {
		let broadcasts = 0;
		let recipients = 0;
		let earliestEnd = Infinity;
		for (const { tables, broadcast } of this.#broadcasts()) {
			if (broadcast.status === "queued" || broadcast.status === "sending") broadcasts += 1;
			const rows = tables.recipientsOf(broadcast.id);
			if (broadcast.status === "sending") recipients += rows.open;
			for (const { owner, leaseEnd } of rows.slices) {
				if (owner !== undefined) earliestEnd = Math.min(earliestEnd, leaseEnd);
			}
		}
		return { broadcasts, recipients, oldestLease: earliestEnd === Infinity ? undefined : new Date(earliestEnd) };
	}

	/** The broadcasts of all tenants, the oldest first. */
	#broadcasts(): readonly OwnedBroadcast[] {
		this.#checkOpen();
		const all = [...this.#tenants].flatMap(([tenantId, tables]) =>
			[...tables.broadcasts.peekAll()].map((broadcast) => ({ tenantId, tables, broadcast })),
		);
		return all.toSorted((a, b) => compare(a.broadcast.id, b.broadcast.id) || compare(a.tenantId, b.tenantId));
	}

	#tables(tenantId: string): TenantTables {
		this.#checkOpen();
		const known = this.#tenants.get(tenantId);
		if (known !== undefined) return known;
		const made = new TenantTables();
		this.#tenants.set(tenantId, made);
		return made;
	}

	#time(): number {
		return this.#clock.now().getTime();
	}

	#checkOpen(): void {
		if (this.#isClosed) throw storageClosed();
	}
}

function owns(tables: TenantTables, owner: { readonly broadcastId: string } | { readonly contactId: string }): boolean {
	if ("broadcastId" in owner) return tables.broadcasts.peek(owner.broadcastId) !== undefined;
	return tables.contacts.peek({ id: owner.contactId }) !== undefined || tables.retained.hasContact(owner.contactId);
}

function needOf(
	tables: TenantTables,
	broadcast: BroadcastRecord,
	at: Date,
	now: number,
): DueBroadcast["need"] | undefined {
	const { status, scheduledAt, plan } = broadcast;
	if (status === "queued") return "plan";
	if (status === "scheduled") return scheduledAt !== null && scheduledAt <= at ? "start" : undefined;
	if (status === "canceled") {
		const left = tables.recipientsOf(broadcast.id).slices.some((slice) => isAbandoned(slice, now));
		return left ? "cancel" : undefined;
	}
	if (status !== "sending" || plan?.complete !== true) return undefined;
	return tables.recipientsOf(broadcast.id).open === 0 ? "settle" : undefined;
}

/** Whether a slice of a canceled broadcast has recipients that no worker is to bring to their end. */
function isAbandoned(slice: Slice, now: number): boolean {
	return slice.counts.pending > 0 || (slice.counts.sending > 0 && !isLeased(slice, now));
}

function compare(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}
