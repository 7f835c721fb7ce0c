import type { TenantStorage } from "../../src/ports/storage.ts";
import { broadcasts, imports, sending } from "./broadcasts.ts";
import { catalogue, contacts, properties } from "./contacts.ts";
import type { Saboteurs } from "./saboteur.ts";

/** Saboteurs of the verbs of one tenant. */
export const tenantSaboteurs: Readonly<Record<keyof TenantStorage, Saboteurs>> = {
	...contacts,
	...properties,
	...catalogue,
	...broadcasts,
	...sending,
	...imports,
};
