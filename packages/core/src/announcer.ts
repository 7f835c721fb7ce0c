import { channel } from "node:diagnostics_channel";
import { ConvokeError } from "./errors.ts";
import type { BroadcastStatus } from "./model/broadcast.ts";
import type { EventType, NewEvent } from "./model/event.ts";
import type { TenantStorage } from "./ports/storage.ts";
import type { TransportOutcome } from "./ports/transport.ts";

/** Something that happened to a contact. */
export interface ContactAnnouncement extends NewEvent {
	/** Whose. */
	readonly tenantId: string;
}

/** A broadcast has moved. */
export interface BroadcastAnnouncement {
	/** Its new state. */
	readonly type: `broadcast.${BroadcastStatus}`;
	/** Whose. */
	readonly tenantId: string;
	/** Which. */
	readonly broadcastId: string;
	/** Why it is `failed`, or `paused` by the worker. */
	readonly reason: string | null;
}

/** A message was handed over. */
export interface MessageAnnouncement {
	/** What the transport answered. */
	readonly type: `message.${TransportOutcome["kind"]}`;
	/** Whose. */
	readonly tenantId: string;
	/** Of which broadcast. */
	readonly broadcastId: string;
	/** To whom. */
	readonly contactId: string;
	/** Number of the attempt, from 1. */
	readonly attempt: number;
	/** What the transport said, unless it accepted. */
	readonly reason: string | null;
	/** How long the hand-over took, in milliseconds. */
	readonly ms: number;
}

/** Something that this process has just done; without addresses. */
export type Announcement = ContactAnnouncement | BroadcastAnnouncement | MessageAnnouncement;

/** What can be listened for. */
export type AnnouncementType = Announcement["type"];

/** The announcement of a type. */
export type AnnouncementOf<Type extends AnnouncementType> = Type extends EventType
	? ContactAnnouncement
	: Type extends BroadcastAnnouncement["type"]
		? BroadcastAnnouncement
		: MessageAnnouncement;

type Handler = (announcement: never) => unknown;

/** Tells listeners of one process what it does. Nothing waits for them, and what they throw changes nothing. */
export class Announcer {
	readonly #handlers = new Map<string, Set<Handler>>();

	/** Listens; answers with what ends that. */
	on(type: string, handler: Handler): () => void {
		const handlers = this.#handlers.get(type) ?? new Set();
		this.#handlers.set(type, handlers.add(handler));
		return () => void handlers.delete(handler);
	}

	/** Tells. */
	announce(announcement: Announcement): void {
		channel(`convoke:${announcement.type}`).publish(announcement);
		for (const handler of this.#handlers.get(announcement.type) ?? []) void this.#call(handler, announcement);
	}

	async #call(handler: Handler, announcement: Announcement): Promise<void> {
		try {
			await handler(announcement as never);
		} catch (error) {
			channel("convoke:handler_failed").publish({ type: announcement.type, error });
		}
	}
}

/** Says what went wrong in this process, on the channel `convoke:error`. */
export function announceError(error: unknown): void {
	const reason = ConvokeError.is(error) ? error.reason : "unexpected_error";
	channel("convoke:error").publish({ reason, error });
}

/** The same storage, whose successful writes are announced. */
export function announcing(tenant: TenantStorage, announcer: Announcer, tenantId: string): TenantStorage {
	const tell = (events: readonly NewEvent[]): void => {
		for (const event of events) announcer.announce({ ...event, tenantId });
	};
	const told: Partial<TenantStorage> = {
		async changeContacts(entries, decide, options) {
			const decisions = await tenant.changeContacts(entries, decide, options);
			for (const { events } of decisions.contacts) tell(events);
			return decisions;
		},
		async insertSuppression(suppression, events) {
			const isNew = await tenant.insertSuppression(suppression, events);
			if (isNew) tell(events);
			return isNew;
		},
		async deleteSuppression(addressHash, events) {
			const isGone = await tenant.deleteSuppression(addressHash, events);
			if (isGone) tell(events);
			return isGone;
		},
		async moveBroadcast(move) {
			const isMoved = await tenant.moveBroadcast(move);
			const { status, statusReason = null } = move.changes;
			if (isMoved && status !== undefined) {
				announcer.announce({ type: `broadcast.${status}`, tenantId, broadcastId: move.id, reason: statusReason });
			}
			return isMoved;
		},
		async moveRecipients(move) {
			const { broadcastId } = move;
			const before = move.reopen === true ? await tenant.findBroadcast(broadcastId) : undefined;
			const moved = await tenant.moveRecipients(move);
			if (moved > 0 && (before?.status === "sent" || before?.status === "failed")) {
				announcer.announce({ type: "broadcast.sending", tenantId, broadcastId, reason: null });
			}
			return moved;
		},
	};
	return new Proxy(tenant, {
		get(sound, name) {
			if (Object.hasOwn(told, name)) return Reflect.get(told, name);
			const member: unknown = Reflect.get(sound, name);
			return typeof member === "function" ? member.bind(sound) : member;
		},
	});
}
