import { KyselyConnection } from "@convoke/kysely";
import type { HostKysely } from "@convoke/kysely";
import type { Deadline } from "./deadline.ts";
import { DriverFailure, markingFailures } from "./sessions.ts";
import type { Session, Sessions } from "./sessions.ts";

/** Connections of the host's Kysely. Its driver says how long to wait for them, and for their answers. */
export class KyselySessions implements Sessions {
	readonly #connection: KyselyConnection;

	constructor(kysely: HostKysely) {
		this.#connection = new KyselyConnection(kysely);
	}

	async use<Answer>(_deadline: Deadline, work: (session: Session) => Promise<Answer>): Promise<Answer> {
		let isConnected = false;
		try {
			return await this.#connection.use((execute) => {
				isConnected = true;
				return work({ execute: markingFailures(execute), discard: () => {} });
			});
		} catch (error) {
			throw isConnected ? error : new DriverFailure(error, true);
		}
	}

	async close(): Promise<void> {}
}
