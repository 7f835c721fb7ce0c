/** What happened to a contact. */
export type EventType =
	| "contact.created"
	| "contact.updated"
	| "contact.email_changed"
	| "contact.removed"
	| "contact.confirmation_requested"
	| "contact.confirmed"
	| "contact.unsubscribed"
	| "contact.resubscribed"
	| "topic.opted_in"
	| "topic.opted_out"
	| "topic.reset"
	| "segment.added"
	| "segment.removed"
	| "suppression.added"
	| "suppression.removed";

/**
 * How it came about. `api`: the host's code; `import`: a row of a file; `one_click`: the mail program's button
 * (RFC 8058); `page`: the person on the preference page; `retained`: an opt-out kept for the address was applied again.
 */
export type EventSource = "api" | "import" | "one_click" | "page" | "retained";

/** An event that is about to be written. */
export interface NewEvent {
	/** What happened. */
	readonly type: EventType;
	/** To whom; `null` for an address that no contact has. */
	readonly contactId: string | null;
	/** The topic concerned. */
	readonly topicId: string | null;
	/** The segment concerned. */
	readonly segmentId: string | null;
	/** The broadcast whose link was used. */
	readonly broadcastId: string | null;
	/** How it came about. */
	readonly source: EventSource;
	/** Who did it, in the host's words; at most 200 characters. */
	readonly actor: string | null;
	/** Version of the text that the person was asked with; of what a confirmation brought about. */
	readonly textVersion: string | null;
	/** When. */
	readonly at: Date;
}

/** One thing that happened to a contact. Never changed after it was written. */
export interface ConvokeEvent extends NewEvent {
	/** Position in the tenant's sequence of events; give it to `events.since` to go on after this one. */
	readonly cursor: string;
}
