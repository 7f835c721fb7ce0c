import type { KeyUse } from "@convoke/core";
import { Columns, instant, text } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { changesOf, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

const uses = new Columns<KeyUse>({ key: text, fingerprint: text, subjectId: text, at: instant });

/** What callers' keys were used for. */
export class KeyStore {
	readonly #insert: Insert;
	readonly #find: Query<{ tenant: string; key: string }, object>;
	readonly #forget: Query<{ tenant: string; before: number }, unknown>;

	constructor(dialect: SqlDialect) {
		const { db } = dialect;
		this.#insert = new Insert(dialect, "convoke_idempotency_keys", ["tenant_id", ...uses.names]);
		this.#find = query<{ tenant: string; key: string }>()((param) =>
			db
				.selectFrom("convoke_idempotency_keys")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where("key", "=", param("key")),
		);
		this.#forget = query<{ tenant: string; before: number }>()((param) =>
			db
				.deleteFrom("convoke_idempotency_keys")
				.where("tenant_id", "=", param("tenant"))
				.where("at", "<", param("before")),
		);
	}

	/** See `TenantStorage.keepKey`. */
	*keep(tenant: string, use: KeyUse, forgetBefore: Date): Unit<KeyUse> {
		yield* changesOf(this.#forget.bind({ tenant, before: forgetBefore.getTime() }));
		yield* this.#insert.rows([{ tenant_id: tenant, ...uses.encode(use) }]);
		const kept = yield* first(this.#find.bind({ tenant, key: use.key }));
		return kept === undefined ? use : uses.decode(kept);
	}
}
