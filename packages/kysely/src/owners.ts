import type { SqlDialect } from "./dialect.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { first } from "./statement.ts";
import type { Unit } from "./statement.ts";

interface Owned {
	readonly tenant_id: string;
}

/** Finds whose a broadcast or contact is. */
export class Owners {
	readonly #ofBroadcast: Query<{ id: string }, Owned>;
	readonly #ofContact: Query<{ id: string }, Owned>;

	constructor({ db }: SqlDialect) {
		this.#ofBroadcast = query<{ id: string }>()((param) =>
			db.selectFrom("convoke_broadcasts").select("tenant_id").where("id", "=", param("id")).limit(1),
		);
		this.#ofContact = query<{ id: string }>()((param) =>
			db
				.selectFrom("convoke_contacts")
				.select("tenant_id")
				.where("id", "=", param("id"))
				.unionAll(db.selectFrom("convoke_retained_opt_outs").select("tenant_id").where("contact_id", "=", param("id")))
				.limit(1),
		);
	}

	/** The tenant; of a contact that was removed, by what was retained of it. */
	*tenantOf(owner: { readonly broadcastId: string } | { readonly contactId: string }): Unit<string | undefined> {
		const statement =
			"broadcastId" in owner
				? this.#ofBroadcast.bind({ id: owner.broadcastId })
				: this.#ofContact.bind({ id: owner.contactId });
		return (yield* first(statement))?.tenant_id;
	}
}
