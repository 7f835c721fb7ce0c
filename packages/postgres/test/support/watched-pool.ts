import type { Pool, PoolClient } from "pg";

/** Hears each statement before it is sent, and may let it wait or fail. */
export type BeforeQuery = (text: string, values: readonly unknown[]) => Promise<void> | void;

/** A pool whose clients ask before they send anything. */
export function watchPool(pool: Pool, before: BeforeQuery): Pool {
	return new Proxy(pool, {
		get: (target, name) => {
			if (name !== "connect") return bound(target, name);
			return async () => watchClient(await target.connect(), before);
		},
	});
}

function watchClient(client: PoolClient, before: BeforeQuery): PoolClient {
	return new Proxy(client, {
		get: (target, name) => {
			if (name !== "query") return bound(target, name);
			return async (query: { readonly text: string; readonly values: unknown[] }) => {
				await before(query.text, query.values);
				return await target.query(query);
			};
		},
	});
}

function bound(target: object, name: string | symbol): unknown {
	const value: unknown = Reflect.get(target, name, target);
	return typeof value === "function" ? value.bind(target) : value;
}
