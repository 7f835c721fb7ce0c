import assert from "node:assert/strict";
import type { Storage, TenantStorage } from "../ports/storage.ts";
import { letNeighbourMoveIn } from "./neighbour.ts";
import { Records } from "./records.ts";
import { readTenant } from "./tenant-state.ts";

/** One question of the exam. */
export interface StorageCase {
	/** The verb in question, a colon, and what it does. */
	readonly name: string;
	/**
	 * Puts the question to a fresh, migrated and empty storage, which has its own clock and is not shared.
	 *
	 * @throws `AssertionError` when the storage fails
	 */
	run(storage: Storage): Promise<void>;
}

/** The tenant that a case acts on. */
export const TENANT = "exam";
/** A tenant with the same rows, for what must not spill over. It is opened first. */
export const BYSTANDER = "bystander";

/** What a case works with. */
export interface World {
	/** The storage in question. */
	readonly storage: Storage;
	/** The tenant that must not notice. */
	readonly bystander: TenantStorage;
	/** The tenant to act on. */
	readonly tenant: TenantStorage;
	/** Makes records: the same ones in every run. */
	readonly make: Records;
	/** Arranges the same in both tenants. */
	readonly both: (arrange: (tenant: TenantStorage) => Promise<unknown>) => Promise<void>;
	/** Acts, and proves that the other tenant is as it was. */
	readonly alone: <Answer>(act: () => Promise<Answer>) => Promise<Answer>;
	/** Acts, and proves that nothing at all has changed. */
	readonly inert: <Answer>(act: () => Promise<Answer>) => Promise<Answer>;
}

/** Makes a case, which takes place beside another tenant with the same addresses, and leaves that alone. */
export function examCase(name: string, act: (world: World) => Promise<void>): StorageCase {
	return {
		name,
		run: async (storage) => {
			const world = openWorld(storage);
			const provesUntouched = await letNeighbourMoveIn(storage);
			await act(world);
			await provesUntouched();
		},
	};
}

/** Makes a case that closes the storage. */
export function closingCase(name: string, act: (world: World) => Promise<void>): StorageCase {
	return { name, run: (storage) => act(openWorld(storage)) };
}

function openWorld(storage: Storage): World {
	const bystander = storage.forTenant(BYSTANDER);
	const tenant = storage.forTenant(TENANT);
	const alone: World["alone"] = (act) => keeping(bystander, "another tenant changed", act);
	return {
		storage,
		bystander,
		tenant,
		make: new Records(),
		both: async (arrange) => {
			for (const each of [bystander, tenant]) await arrange(each);
		},
		alone,
		inert: (act) => keeping(tenant, "something changed", () => alone(act)),
	};
}

async function keeping<Answer>(tenant: TenantStorage, objection: string, act: () => Promise<Answer>): Promise<Answer> {
	const before = await readTenant(tenant);
	const answer = await act();
	assert.deepEqual(await readTenant(tenant), before, objection);
	return answer;
}
