import { setTimeout as sleep } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { executeOn } from "./client-session.ts";
import type { Deadline } from "./deadline.ts";
import { poolBusy, storageTimeout } from "./postgres-errors.ts";
import { DriverFailure } from "./sessions.ts";
import type { Session, Sessions } from "./sessions.ts";

/** What is needed of a pool. */
export type PoolOfClients = Pick<Pool, "connect" | "end" | "totalCount" | "idleCount" | "options">;

/** Connections of a pool of `pg`. */
export class PoolSessions implements Sessions {
	readonly #pool: PoolOfClients;
	readonly #isOwn: boolean;

	/** `isOwn`: whether the pool is ours to end. */
	constructor(pool: PoolOfClients, isOwn: boolean) {
		this.#pool = pool;
		this.#isOwn = isOwn;
	}

	async use<Answer>(deadline: Deadline, work: (session: Session) => Promise<Answer>): Promise<Answer> {
		const client = await this.#connect(deadline);
		let isUsable = true;
		// A connection that ends between two statements tells so by an event, which unheard would end the process.
		client.on("error", ignore);
		const session: Session = {
			execute: (statement) => executeOn(client, statement, deadline),
			discard: () => {
				isUsable = false;
			},
		};
		try {
			return await work(session);
		} finally {
			client.off("error", ignore);
			client.release(!isUsable);
		}
	}

	async close(): Promise<void> {
		if (this.#isOwn) await this.#pool.end();
	}

	async #connect(deadline: Deadline): Promise<PoolClient> {
		const connecting = this.#pool.connect();
		const timer = new AbortController();
		const patience = sleep(deadline.left, undefined, { signal: timer.signal });
		try {
			const client = await Promise.race([connecting, patience]);
			if (client !== undefined) return client;
		} catch (cause) {
			throw new DriverFailure(isPoolTimeout(cause) ? poolBusy(deadline.seconds) : cause, true);
		} finally {
			timer.abort();
			patience.catch(ignore);
		}
		// It may come yet, and goes back to the pool then.
		connecting.then((client) => client.release()).catch(ignore);
		throw new DriverFailure(this.#isExhausted() ? poolBusy(deadline.seconds) : storageTimeout(deadline.seconds));
	}

	#isExhausted(): boolean {
		return this.#pool.totalCount >= this.#pool.options.max && this.#pool.idleCount === 0;
	}
}

function isPoolTimeout(cause: unknown): boolean {
	return cause instanceof Error && cause.message === "timeout exceeded when trying to connect";
}

function ignore(): void {}
