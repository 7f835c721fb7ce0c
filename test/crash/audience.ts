import { createAudience } from "@convoke/core";
import type { Audience, Storage, Transport } from "@convoke/core";
import { createPostgresStorage } from "@convoke/postgres";
import { createRenderer } from "@convoke/renderer";
import { createResendTransport } from "@convoke/resend";
import { createSmtpTransport } from "@convoke/smtp";
import { createSqliteStorage } from "@convoke/sqlite";
import type { StorageName } from "./settings.ts";
import { KEYS } from "../support/keys.ts";

/** Where an audience is kept, and what its messages go through: what a process needs to know. */
export interface Place {
	readonly storage: StorageName;
	/** A file, or the URL of a database. */
	readonly at: string;
	/** `smtp://…`, or `http://…` of a fake Resend. */
	readonly provider: string;
	/** What of SQLite's outlives the machine as well. @default "normal" */
	readonly durability?: "normal" | "full" | undefined;
	/** Messages that one worker hands over at once. */
	readonly concurrency: number;
}

/** Opens the storage. */
function openStorage({ storage, at, durability = "normal" }: Place): Storage {
	const storages: Readonly<Record<StorageName, () => Storage>> = {
		postgres: () => createPostgresStorage({ connectionString: at }),
		sqlite: () => createSqliteStorage({ filename: at, durability, busySeconds: 60 }),
	};
	return storages[storage]();
}

/** Opens the audience: the same one in each process; `through`: what lies between it and its storage. */
export function openAudience(place: Place, through = (storage: Storage): Storage => storage): Audience {
	return createAudience({
		storage: through(openStorage(place)),
		renderer: createRenderer(),
		transport: openTransport(place),
		...KEYS,
	});
}

function openTransport({ provider, concurrency }: Place): Transport {
	if (provider.startsWith("http")) return createResendTransport({ apiKey: "re_test", baseUrl: provider });
	const { hostname, port } = new URL(provider);
	return createSmtpTransport({ host: hostname, port: Number(port), maxConnections: concurrency, maxMessages: 10_000 });
}
