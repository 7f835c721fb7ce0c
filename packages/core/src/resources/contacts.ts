import { checkFields } from "../check-input.ts";
import type { PropertyTypes, TenantContext } from "../context.ts";
import { ConvokeError, notFound } from "../errors.ts";
import type { Contact, ContactRecord, PropertyValues } from "../model/contact.ts";
import type { ConvokeEvent } from "../model/event.ts";
import type { PropertyType } from "../model/property.ts";
import type { Recipient } from "../model/recipient.ts";
import type { FilterFor } from "../filter/filter-for.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import type { ContactDecision } from "../ports/storage.ts";
import { checkPropertyValues } from "../property-values.ts";
import { afterDecisions, createOrMerge, removeContact } from "../rules/contact-changes.ts";
import type { Act, ContactEdit, ContactInput, HashedAddress } from "../rules/contact-changes.ts";
import { checkActor, checkContactChanges, checkContactRef, checkNewContact } from "./contact-input.ts";
import type { ActOptions, CheckedContact, ContactChanges, ContactRef, NewContact } from "./contact-input.ts";
import { bindTargetFilter } from "./bind.ts";
import type { ContactSelection } from "./bind.ts";
import { allColumnNames, contactColumns } from "../exports/contact-columns.ts";
import { checkTableOptions, TABLE_OPTIONS, writeTable } from "../exports/table-writer.ts";
import type { TableOptions } from "../exports/table-writer.ts";
import type { BoundFilter, Filter } from "../filter/filter.ts";
import { ContactBulk } from "./contact-bulk.ts";
import { requestConfirmation } from "./confirmations.ts";
import type { ConfirmationOptions, RequestedConfirmation } from "./confirmations.ts";
import { ContactSegments } from "./contact-segments.ts";
import { ContactTopics } from "./contact-topics.ts";
import {
	distinctUnits,
	editContact,
	entryOf,
	requireStaticSegments,
	requireTopics,
	toContact,
} from "./contact-units.ts";
import { Imports } from "./imports.ts";
import { Properties } from "./properties.ts";
import { allTopics } from "./topics.ts";

/** The values that go with declared property types; any values by key where none are declared in code. */
export type ValuesOf<P extends PropertyTypes> = string extends keyof P
	? PropertyValues
	: { readonly [K in keyof P]?: ValueOfType[P[K]] };

interface ValueOfType {
	string: string;
	number: number;
	boolean: boolean;
	date: Date;
}

/** Which contacts to write as a file, and how. */
export interface ContactExport<F = Filter> extends ContactSelection<F>, TableOptions {
	/**
	 * Columns in order: `id`, `email`, `externalId`, `firstName`, `lastName`, `unsubscribed`, `confirmation`, `segments` (ids of
	 * static ones), `createdAt`, `updatedAt`, `properties.<key>`, `topics.<id>` (the contact's own choice). @default all
	 */
	readonly columns?: readonly string[] | undefined;
}

const EXPORTED_AT_ONCE = 200;

const SELECTION = ["filter", "segmentId", "search"] as const;

/** What happened to a contact, and what was sent to it. */
export interface ContactHistory {
	/** Events, newest first. */
	readonly events: readonly ConvokeEvent[];
	/** Its rows in broadcasts, the latest broadcast first. */
	readonly deliveries: readonly Recipient[];
}

/** `audience.contacts`: one e-mail address of one tenant each. */
export class Contacts<P extends PropertyTypes = PropertyTypes, F = FilterFor<P>> {
	readonly #context: TenantContext;
	readonly #properties: Properties;
	/** Membership of segments. */
	readonly segments: ContactSegments;
	/** Choices for topics. */
	readonly topics: ContactTopics;
	/** Contacts from files and pasted lists. */
	readonly imports: Imports;
	/** Acts on many contacts. */
	readonly bulk: ContactBulk<F>;

	constructor(context: TenantContext) {
		this.#context = context;
		this.#properties = new Properties(context);
		this.segments = new ContactSegments(context);
		this.topics = new ContactTopics(context);
		this.imports = new Imports(context);
		this.bulk = new ContactBulk<F>(context);
	}

	/**
	 * Creates a contact, or merges the fields given into the one that has the address. Opt-outs win: neither an earlier
	 * opt-out nor one kept of a removed contact is undone.
	 *
	 * @throws `invalid_input`; `not_found` for a segment or topic; `already_exists` with `external_id_taken`.
	 */
	async create(contact: NewContact<ValuesOf<P>>, options?: ActOptions): Promise<Contact<ValuesOf<P>>> {
		const act = this.#act(options);
		const [created] = await this.#createAll([{ label: undefined, contact }], act);
		if (created === undefined) throw notFound("contact");
		return created;
	}

	/**
	 * Creates or merges many contacts, in units of 200 in the order given. All are checked before the first is written.
	 *
	 * @throws as `create`; `field` names the entry: `[3].email`.
	 */
	async createMany(
		contacts: Iterable<NewContact<ValuesOf<P>>>,
		options?: ActOptions,
	): Promise<readonly Contact<ValuesOf<P>>[]> {
		const act = this.#act(options);
		return this.#createAll(
			[...contacts].map((contact, index) => ({ label: `[${index}]`, contact })),
			act,
		);
	}

	async #createAll(given: readonly Labelled<unknown>[], act: Act): Promise<readonly Contact<ValuesOf<P>>[]> {
		const checked = given.map(({ label, contact }) => ({
			label,
			contact: labelled(label, () => checkNewContact(contact, label)),
		}));
		const types = checked.some(({ contact }) => contact.properties !== undefined)
			? await this.#properties.types()
			: new Map();
		const inputs = checked.map(({ label, contact }) => ({
			label,
			...labelled(label, () => this.#toInput(contact, types)),
		}));
		await this.#requireLinked(inputs);
		if (types.size > 0) await this.#properties.writeDeclared();
		const written: ContactRecord[] = [];
		for (const unit of distinctUnits(inputs)) written.push(...(await this.#createUnit(unit, act)));
		return written.map((record) => toContact<ValuesOf<P>>(record));
	}

	/** @throws `not_found`; `invalid_input` with `invalid_ref`, `invalid_id`, `invalid_email`. */
	async get(ref: ContactRef): Promise<Contact<ValuesOf<P>>> {
		const [record] = await this.#context.tenant.findContacts([checkContactRef(ref)]);
		if (record === undefined) throw notFound("contact");
		return toContact(record);
	}

	/** Lists contacts, newest first. @throws `invalid_input`; `not_found` for the segment. */
	async list(options: ListOptions & ContactSelection<F> = {}): Promise<Page<Contact<ValuesOf<P>>>> {
		checkFields(options, "options", [...SELECTION, "limit", "after", "before"]);
		const { filter, segmentId, search, ...page } = options;
		const bound = await bindTargetFilter(this.#context, { filter, segmentId, search });
		return readPage(
			page,
			(request) => this.#context.tenant.pageContacts(bound, request),
			(record) => toContact(record),
		);
	}

	/** Goes through all contacts that match, newest first, reading 100 at a time. @throws as `list`. */
	async *each(selection: ContactSelection<F> = {}): AsyncGenerator<Contact<ValuesOf<P>>, void, undefined> {
		checkFields(selection, "selection", SELECTION);
		const bound = await bindTargetFilter(this.#context, selection);
		let after: string | undefined;
		for (;;) {
			const records = await this.#context.tenant.pageContacts(bound, { limit: 100, after });
			for (const record of records) yield toContact(record);
			after = records.at(-1)?.id;
			if (after === undefined) return;
		}
	}

	/** Counts the contacts that match. @throws as `list`. */
	async count(selection: ContactSelection<F> = {}): Promise<number> {
		checkFields(selection, "selection", SELECTION);
		return this.#context.tenant.countContacts(await bindTargetFilter(this.#context, selection));
	}

	/**
	 * Writes the contacts that match as a file, newest first, in pieces: `for await (const piece of …)`, or
	 * `Readable.from(…)`. An import of the file with `formulas: "keep"` restores all but ids and times.
	 *
	 * @throws as `list`; `invalid_input` with `unknown_field` for a column that there is not.
	 */
	async *export(options: ContactExport<F> = {}): AsyncGenerator<string, void, undefined> {
		checkFields(options, "options", [...SELECTION, ...TABLE_OPTIONS, "columns"]);
		const { filter, segmentId, search, columns, ...table } = options;
		const checked = checkTableOptions(table);
		const propertyKeys = [...(await this.#properties.types()).keys()];
		const known = { propertyKeys, topicIds: (await allTopics(this.#context)).map(({ id }) => id) };
		const wanted = contactColumns(columns ?? allColumnNames(known), known);
		const bound = await bindTargetFilter(this.#context, { filter, segmentId, search });
		yield* writeTable(this.#groups(bound), wanted, checked);
	}

	async *#groups(filter: BoundFilter): AsyncGenerator<readonly ContactRecord[], void, undefined> {
		for (let after: string | undefined; ; ) {
			const records = await this.#context.tenant.pageContacts(filter, { limit: EXPORTED_AT_ONCE, after });
			yield records;
			after = records.at(-1)?.id;
			if (records.length < EXPORTED_AT_ONCE) return;
			await this.#context.clock.pause();
		}
	}

	/**
	 * Changes a contact. A new address keeps id, history and opt-outs, which also stay on the old address.
	 *
	 * @throws `not_found`; `invalid_input`; `already_exists` with `email_taken` or `external_id_taken`.
	 */
	async update(
		ref: ContactRef,
		changes: ContactChanges<ValuesOf<P>>,
		options?: ActOptions,
	): Promise<Contact<ValuesOf<P>>> {
		const key = checkContactRef(ref);
		const act = this.#act(options);
		const { email, properties, ...rest } = checkContactChanges(changes);
		const edit: ContactEdit = {
			...rest,
			address: email && this.#hashed(email),
			properties:
				properties === undefined ? undefined : checkPropertyValues(properties, await this.#properties.types()),
		};
		if (properties !== undefined) await this.#properties.writeDeclared();
		const record = await editContact(this.#context, key, edit, act);
		return toContact(record);
	}

	/**
	 * Sends a contact the message with which it confirms its subscription, and its opt-in to `topics`. Until it has, it
	 * receives no broadcast, unless it had confirmed before. Asking again replaces the request, and the earlier link is
	 * worth nothing. Check who may make you do this: the message goes to whoever has the address.
	 *
	 * @throws `not_found`; `invalid_input`; `invalid_state` with `suppressed` or `address_needs_smtputf8`. Nothing is sent
	 * then; what the transport says of the message is in the answer.
	 */
	async requestConfirmation(ref: ContactRef, options: ConfirmationOptions = {}): Promise<RequestedConfirmation> {
		return requestConfirmation(this.#context, ref, options);
	}

	/** Removes a contact. Its opt-outs stay with its address and are applied should it come back. @throws `not_found`. */
	async remove(ref: ContactRef, options?: ActOptions): Promise<void> {
		const act = this.#act(options);
		await this.#context.tenant.changeContacts([{ key: checkContactRef(ref) }], ([found]) => {
			if (found?.contact === undefined) throw notFound("contact");
			return { contacts: [removeContact(found.contact, act)] };
		});
	}

	/** The newest 100 events of a contact and its newest 100 deliveries. @throws `not_found`. */
	async history(ref: ContactRef): Promise<ContactHistory> {
		const { id } = await this.get(ref);
		const [events, deliveries] = await Promise.all([
			this.#context.tenant.pageContactEvents(id, { limit: 100 }),
			this.#context.tenant.pageContactRecipients(id, 100),
		]);
		return { events, deliveries };
	}

	async #createUnit(inputs: readonly LabelledInput[], act: Act): Promise<readonly ContactRecord[]> {
		const ids = inputs.map(() => this.#context.newId());
		let records: readonly ContactRecord[] = [];
		await this.#context.tenant.changeContacts(inputs.map(entryOf), (found) => {
			const decisions: ContactDecision[] = [];
			for (const [index, { label, ...input }] of inputs.entries()) {
				const [own, id] = [found[index], ids[index]];
				if (own === undefined || id === undefined) continue;
				const now = afterDecisions(own, input.externalId, decisions);
				decisions.push(labelled(label, () => createOrMerge(now, input, id, act)));
			}
			records = decisions.flatMap(({ write }, index) => write ?? found[index]?.contact ?? []);
			return { contacts: decisions };
		});
		return records;
	}

	#toInput(contact: CheckedContact, types: ReadonlyMap<string, PropertyType>): ContactInput {
		const { email, properties, segments, topics, ...rest } = contact;
		return {
			...rest,
			address: this.#hashed(email),
			properties: properties === undefined ? undefined : checkPropertyValues(properties, types),
			addSegments: segments?.map(({ id }) => id),
			choices: topics && Object.fromEntries(topics.map(({ id, subscription }) => [id, subscription])),
		};
	}

	async #requireLinked(inputs: readonly ContactInput[]): Promise<void> {
		await requireStaticSegments(
			this.#context,
			inputs.flatMap(({ addSegments }) => addSegments ?? []),
		);
		await requireTopics(
			this.#context,
			inputs.flatMap(({ choices }) => Object.keys(choices ?? {})),
		);
	}

	#hashed(email: CheckedContact["email"]): HashedAddress {
		return { ...email, hash: this.#context.hashAddress(email.key) };
	}

	#act(options: ActOptions | undefined): Act {
		return { at: this.#context.clock.now(), source: "api", actor: checkActor(options) };
	}
}

/** A contact given, and what to call it in an error; `undefined`: it is the only one. */
interface Labelled<T> {
	readonly label: string | undefined;
	readonly contact: T;
}

type LabelledInput = ContactInput & Pick<Labelled<unknown>, "label">;

/** Names the entry in an error of one of several. */
function labelled<T>(label: string | undefined, work: () => T): T {
	try {
		return work();
	} catch (error) {
		if (label === undefined || !ConvokeError.is(error) || error.field === label) throw error;
		const { code, reason, field, resource, message } = error;
		throw new ConvokeError(code, {
			reason,
			field: field === undefined ? label : `${label}.${field}`,
			resource,
			message,
		});
	}
}
