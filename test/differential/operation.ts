import type { SliceLease, Storage, TenantStorage } from "@convoke/core";
import fc from "fast-check";
import type { VirtualClock } from "../support/virtual-clock.ts";
import { TENANTS } from "./pools.ts";

/** A recipient that a step marked. */
export interface Mark {
	readonly lease: SliceLease;
	readonly contactId: string;
	readonly attempt: number;
}

/** One of the storages that go the same way, and what its answers made known. */
export interface Side {
	readonly storage: Storage;
	readonly clock: VirtualClock;
	readonly leases: SliceLease[];
	readonly marks: Mark[];
	/** Slices written so far. */
	slices: number;
}

/** A call of a verb, with arguments that follow from the side's earlier answers. */
export interface Operation {
	/** The verb. */
	readonly verb: keyof Storage | keyof TenantStorage;
	/** Makes the call; answers what must be the same on every side. */
	readonly perform: (side: Side) => Promise<unknown>;
}

/** One call; the arguments are what it is shown by. */
export function operation(verb: Operation["verb"], args: unknown, perform: Operation["perform"]): Operation {
	const shown = { [fc.toStringMethod]: () => `${verb} ${fc.stringify(args)}` };
	return { verb, perform, ...shown };
}

/** Calls of a verb of the root. */
export function onRoot<Args>(
	verb: Operation["verb"],
	args: fc.Arbitrary<Args>,
	act: (side: Side, args: Args) => Promise<unknown>,
): fc.Arbitrary<Operation> {
	return args.map((given) => operation(verb, given, (side) => act(side, given)));
}

/** Calls of a verb of a tenant. */
export function onTenant<Args>(
	verb: keyof TenantStorage,
	args: fc.Arbitrary<Args>,
	act: (tenant: TenantStorage, args: Args, side: Side) => Promise<unknown>,
): fc.Arbitrary<Operation> {
	return onRoot(verb, fc.tuple(fc.constantFrom(...TENANTS), args), (side, [tenantId, given]) =>
		act(side.storage.forTenant(tenantId), given, side),
	);
}
