import { createAudience } from "@convoke/core";
import type { Audience, Transport } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createSqliteStorage } from "@convoke/sqlite";

/** Where this program keeps its audience, and how it sends. */
export interface Settings {
	/** An SQLite file. */
	readonly filename: string;
	readonly transport: Transport;
	/** Where the pages are mounted, as the world sees it. */
	readonly baseUrl: string;
	readonly linkKeys: string | undefined;
	readonly hashKey: string | undefined;
}

/** Opens the audience. */
export async function openAudience({ filename, transport, baseUrl, linkKeys, hashKey }: Settings): Promise<Audience> {
	const audience = createAudience({
		storage: createSqliteStorage({ filename }),
		renderer: createRenderer(),
		sender: () => ({
			transport,
			from: "Tidal <news@tidal.example>",
			brand: "Tidal",
			postalAddress: "12 Example Quay, Exampleton",
		}),
		links: { baseUrl, keys: linkKeys },
		hashKey,
	});
	await audience.migrate();
	return audience;
}
