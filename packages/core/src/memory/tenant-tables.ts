import type { MatchFacts } from "../filter/match.ts";
import type { BroadcastContent, BroadcastRecord } from "../model/broadcast.ts";
import type { ImportIssue, ImportRecord } from "../model/import.ts";
import type { Property } from "../model/property.ts";
import type { SegmentRecord } from "../model/segment.ts";
import type { SuppressionRecord } from "../model/suppression.ts";
import type { Topic } from "../model/topic.ts";
import type { ImportStep, KeyUse } from "../ports/storage.ts";
import { isUnderWay, propertyUse } from "../rules/broadcast-moves.ts";
import { importEnded } from "../storage-errors.ts";
import { ContactRows } from "./contact-rows.ts";
import { EntityRows } from "./entity-rows.ts";
import { EventLog } from "./event-log.ts";
import { RecipientRows } from "./recipient-rows.ts";
import { RetainedRows } from "./retained-rows.ts";

/** Everything one tenant keeps. */
export class TenantTables implements MatchFacts {
	readonly contacts: ContactRows = new ContactRows();
	readonly retained: RetainedRows = new RetainedRows();
	readonly events: EventLog = new EventLog();
	/** By key. */
	readonly properties: Map<string, Property> = new Map<string, Property>();
	readonly segments: EntityRows<SegmentRecord> = new EntityRows<SegmentRecord>();
	readonly topics: EntityRows<Topic> = new EntityRows<Topic>();
	readonly suppressions: EntityRows<SuppressionRecord> = new EntityRows<SuppressionRecord>();
	/** Ids of suppressions by address hash. */
	readonly suppressed: Map<string, string> = new Map<string, string>();
	readonly broadcasts: EntityRows<BroadcastRecord> = new EntityRows<BroadcastRecord>();
	readonly contents: Map<string, BroadcastContent> = new Map<string, BroadcastContent>();
	readonly imports: EntityRows<ImportRecord> = new EntityRows<ImportRecord>();
	readonly keys: Map<string, KeyUse> = new Map<string, KeyUse>();
	readonly issues: Map<string, ImportIssue[]> = new Map<string, ImportIssue[]>();
	readonly #recipients = new Map<string, RecipientRows>();

	/** The property with this id. */
	propertyById(id: string): Property | undefined {
		for (const property of this.properties.values()) if (property.id === id) return property;
		return undefined;
	}

	/** The recipients of a broadcast; of one without plan, none. */
	recipientsOf(broadcastId: string): RecipientRows {
		return this.#recipients.get(broadcastId) ?? new RecipientRows(broadcastId);
	}

	/** The recipients of a broadcast, to add to. */
	openRecipients(broadcastId: string): RecipientRows {
		const recipients = this.recipientsOf(broadcastId);
		this.#recipients.set(broadcastId, recipients);
		return recipients;
	}

	/** Deletes a broadcast with all that belongs to it. */
	deleteBroadcast(broadcastId: string): void {
		this.broadcasts.delete(broadcastId);
		this.contents.delete(broadcastId);
		this.#recipients.delete(broadcastId);
	}

	/** Whether a broadcast that is under way, or a segment, has this among its `uses`. */
	isInUse(use: string): boolean {
		for (const { status, uses } of this.broadcasts.peekAll()) {
			if (isUnderWay(status) && uses.includes(use)) return true;
		}
		for (const { uses } of this.segments.peekAll()) if (uses.includes(use)) return true;
		return false;
	}

	/** Whether all that a broadcast uses exists. */
	doExist(uses: readonly string[]): boolean {
		const properties = new Set([...this.properties.keys()].map(propertyUse));
		return uses.every(
			(use) => this.segments.peek(use) !== undefined || this.topics.peek(use) !== undefined || properties.has(use),
		);
	}

	isSuppressed(addressHash: string): boolean {
		return this.suppressed.has(addressHash);
	}

	hasReceived(broadcastId: string, contactId: string): boolean {
		return this.#recipients.get(broadcastId)?.peek(contactId)?.state === "sent";
	}

	/**
	 * Throws unless the import goes on, from where the step begins.
	 *
	 * @throws `invalid_state` with `import_ended`
	 */
	checkImportGoesOn({ import: { id }, since }: ImportStep): void {
		const known = this.imports.peek(id);
		if (known?.status === "in_progress" && (since ?? known.counts.total) === known.counts.total) return;
		throw importEnded();
	}
}
