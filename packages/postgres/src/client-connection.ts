import type { Execute, HostedConnection } from "@convoke/kysely";
import type { ClientBase } from "pg";
import { executeOn } from "./client-session.ts";

/** The client of a transaction that the host began on it: one unit after the other. */
export class ClientConnection implements HostedConnection {
	readonly #client: ClientBase;
	#last: Promise<unknown> = Promise.resolve();

	constructor(client: ClientBase) {
		this.#client = client;
	}

	use<Answer>(work: (execute: Execute) => Promise<Answer>): Promise<Answer> {
		const answer = this.#last.then(() => work((statement) => executeOn(this.#client, statement, undefined)));
		this.#last = answer.catch(() => {});
		return answer;
	}
}
