import type { Subscription } from "./contact.ts";

/** Who sees a topic on the preference page. `private` ones are shown to those who made an explicit choice for them. */
export type TopicVisibility = "public" | "private";

/** A user-facing subject of mail. */
export interface Topic {
	/** UUIDv7. */
	readonly id: string;
	/** 1 to 50 characters, shown on the preference page. */
	readonly name: string;
	/** At most 200 characters, shown on the preference page. */
	readonly description: string | null;
	/** What holds for a contact without a choice of its own; never changes. */
	readonly defaultSubscription: Subscription;
	/** Matters on the preference page only, never for delivery. */
	readonly visibility: TopicVisibility;
	/** When it was created. */
	readonly createdAt: Date;
}
