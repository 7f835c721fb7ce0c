import type { ConvokeEvent, NewEvent } from "../model/event.ts";

/** The events of one tenant. An event's cursor is its number in the log, from 1. */
export class EventLog {
	readonly #events: ConvokeEvent[] = [];
	readonly #byContact = new Map<string, ConvokeEvent[]>();

	/** Appends events. */
	append(events: readonly NewEvent[]): void {
		for (const event of events) {
			const written = { ...event, at: new Date(event.at), cursor: String(this.#events.length + 1) };
			this.#events.push(written);
			if (event.contactId === null) continue;
			const ofContact = this.#byContact.get(event.contactId);
			if (ofContact === undefined) this.#byContact.set(event.contactId, [written]);
			else ofContact.push(written);
		}
	}

	/** In the order they were written. */
	list(after: string | undefined, limit: number): readonly ConvokeEvent[] {
		const start = after === undefined ? 0 : Number(after);
		return this.#events.slice(start, start + limit).map(copyEvent);
	}

	/** Of one contact, newest first. */
	pageContact(contactId: string, after: string | undefined, limit: number): readonly ConvokeEvent[] {
		const events = this.#byContact.get(contactId) ?? [];
		const bound = after === undefined ? Infinity : Number(after);
		let end = events.length;
		while (end > 0 && Number(events[end - 1]?.cursor) >= bound) end -= 1;
		return events
			.slice(Math.max(0, end - limit), end)
			.toReversed()
			.map(copyEvent);
	}
}

function copyEvent(event: ConvokeEvent): ConvokeEvent {
	return { ...event, at: new Date(event.at) };
}
