import type { Backlog, DueBroadcast, PermitRequest, Permits, SliceLease, Storage, TenantStorage } from "@convoke/core";
import type { SqlDialect } from "./dialect.ts";
import { refusedWhenHosted } from "./sql-errors.ts";
import { SqlTenant } from "./sql-tenant.ts";
import type { OneBroadcast } from "./slice-claims.ts";
import type { Runner } from "./statement.ts";
import { createStores } from "./stores.ts";
import type { Stores } from "./stores.ts";

/** A storage in an SQL database: the statements of the stores, driven by a runner. */
export class SqlStorage implements Storage {
	readonly #stores: Stores;
	readonly #runner: Runner;

	constructor(dialect: SqlDialect, runner: Runner) {
		this.#stores = createStores(dialect);
		this.#runner = runner;
	}

	async migrate(): Promise<void> {
		if (this.#runner.isHosted) throw refusedWhenHosted("A migration");
		await this.#runner.migrate();
	}

	close(): Promise<void> {
		return this.#runner.close();
	}

	async now(): Promise<Date> {
		return new Date(await this.#runner.now());
	}

	forTenant(tenantId: string): TenantStorage {
		return new SqlTenant(tenantId, this.#stores, this.#runner);
	}

	findTenant(owner: { readonly broadcastId: string } | { readonly contactId: string }): Promise<string | undefined> {
		return this.#runner.read(() => this.#stores.owners.tenantOf(owner));
	}

	async findDue(at: Date, limit: number): Promise<readonly DueBroadcast[]> {
		this.#refuseWork();
		const now = this.#runner.time();
		return this.#runner.read(() => this.#stores.sliceClaims.due(at, now, limit));
	}

	async claimSlice(claim: {
		readonly owner: string;
		readonly leaseMs: number;
		readonly at: Date;
		readonly of?: OneBroadcast | undefined;
		readonly except?: readonly string[] | undefined;
	}): Promise<SliceLease | undefined> {
		this.#refuseWork();
		const { owner, leaseMs, at, of, except } = claim;
		const now = this.#runner.time();
		return this.#runner.write(() => this.#stores.sliceClaims.claim({ owner, leaseMs, at, now, of, except }));
	}

	async takePermits(request: PermitRequest): Promise<Permits> {
		this.#refuseWork();
		const now = await this.#runner.now();
		return this.#runner.write(() => this.#stores.rateLimits.take(request, now));
	}

	measureBacklog(): Promise<Backlog> {
		return this.#runner.read(() => this.#stores.sliceClaims.backlog());
	}

	#refuseWork(): void {
		if (this.#runner.isHosted) throw refusedWhenHosted("A worker");
	}
}
