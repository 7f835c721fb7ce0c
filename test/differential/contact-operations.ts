import { invalidInput } from "@convoke/core";
import type {
	ContactDecision,
	ContactEntry,
	ContactKey,
	ContactRecord,
	FoundContact,
	NewEvent,
	RetainedOptOut,
} from "@convoke/core";
import fc from "fast-check";
import { importSteps } from "./import-operations.ts";
import { onTenant } from "./operation.ts";
import type { Operation } from "./operation.ts";
import {
	addressOf,
	ADDRESSES,
	CONTACT_IDS,
	events,
	EXTERNAL_IDS,
	filters,
	instants,
	pages,
	PROPERTIES,
	SEGMENT_IDS,
	someText,
	START,
	TOPIC_IDS,
	values,
} from "./pools.ts";

/** What becomes of a contact: `join` also removes the one that holds the address, `keep` changes nothing. */
type Act = "write" | "join" | "remove" | "keep";

interface Change {
	readonly entry: ContactEntry;
	/** Of a contact that is not there yet, or `undefined`: then nothing is written. */
	readonly newId: string | undefined;
	readonly act: Act;
	/** The number of the address to have; `undefined`: as it is. */
	readonly address: number | undefined;
	readonly edits: Partial<ContactRecord>;
	readonly retain: readonly RetainedOptOut[];
	readonly events: readonly NewEvent[];
}

const contactId = fc.constantFrom(...CONTACT_IDS);
const addressNumber = fc.nat(ADDRESSES - 1);
const externalId = fc.constantFrom(...EXTERNAL_IDS);
const topicIds = fc.subarray([...TOPIC_IDS]);

const edits: fc.Arbitrary<Partial<ContactRecord>> = fc.record(
	{
		externalId: fc.option(externalId, { freq: 2 }),
		firstName: fc.option(someText),
		lastName: fc.option(someText),
		properties: fc.dictionary(fc.constantFrom(...Object.keys(PROPERTIES)), values, {
			maxKeys: 4,
			noNullPrototype: true,
		}),
		unsubscribed: fc.boolean(),
		confirmation: fc.constantFrom("none", "pending", "confirmed"),
		confirmationRequest: fc.option(
			fc.record({ id: fc.constantFrom(...CONTACT_IDS), topicIds, textVersion: fc.constantFrom("1", '2 "é"') }),
		),
		needsSmtputf8: fc.boolean(),
		segmentIds: fc.array(fc.constantFrom(...SEGMENT_IDS), { maxLength: 4 }),
		choices: fc.dictionary(fc.constantFrom(...TOPIC_IDS), fc.constantFrom("opt_in", "opt_out"), {
			maxKeys: 3,
			noNullPrototype: true,
		}),
		updatedAt: instants,
	},
	{ requiredKeys: [] },
);

const retained: fc.Arbitrary<RetainedOptOut> = fc.record({
	addressHash: addressNumber.map((number) => addressOf(number).addressHash),
	contactId,
	unsubscribed: fc.boolean(),
	topicIds,
	at: instants,
});

const keys: fc.Arbitrary<ContactKey> = fc.oneof(
	contactId.map((id) => ({ id })),
	addressNumber.map((number) => ({ addressKey: addressOf(number).addressKey })),
	addressNumber.map((number) => ({ addressHash: addressOf(number).addressHash })),
	externalId.map((id) => ({ externalId: id })),
);

/** Changes of different contacts at different addresses. */
const changes: fc.Arbitrary<readonly Change[]> = fc
	.tuple(
		fc.uniqueArray(fc.nat(CONTACT_IDS.length - 1), { minLength: 1, maxLength: 4 }),
		fc.nat(3).map((shift) => Math.max(0, shift - 1)),
	)
	.chain(([numbers, shift]) => fc.tuple(...numbers.map((number) => changeOf(number, (number + shift) % ADDRESSES))));

function changeOf(number: number, address: number): fc.Arbitrary<Change> {
	const id = CONTACT_IDS[number] ?? "";
	const { addressKey, addressHash } = addressOf(address);
	return fc.record<Change>({
		entry: fc.record<ContactEntry>(
			{
				key: fc.oneof(
					{ weight: 4, arbitrary: fc.constant({ id }) },
					{ weight: 2, arbitrary: fc.constant({ addressKey }) },
					{ weight: 1, arbitrary: fc.constant({ addressHash }) },
					{ weight: 1, arbitrary: fc.constant({ externalId: EXTERNAL_IDS[number % EXTERNAL_IDS.length] ?? "" }) },
				),
				address: fc.constant({ key: addressKey, hash: addressHash }),
				externalId,
			},
			{ requiredKeys: ["key"] },
		),
		newId: fc.option(fc.constant(id), { nil: undefined, freq: 8 }),
		act: fc.constantFrom<Act>("write", "write", "write", "write", "write", "join", "join", "remove", "keep"),
		address: fc.option(fc.constant(address), { nil: undefined, freq: 2 }),
		edits,
		retain: fc.array(retained, { maxLength: 1 }),
		events,
	});
}

function newContact(id: string): ContactRecord {
	return {
		id,
		...addressOf(Math.max(0, CONTACT_IDS.indexOf(id))),
		externalId: null,
		firstName: null,
		lastName: null,
		properties: {},
		unsubscribed: false,
		confirmation: "none",
		confirmationRequest: null,
		needsSmtputf8: false,
		segmentIds: [],
		choices: {},
		createdAt: new Date(START),
		updatedAt: new Date(START),
	};
}

/** Decides for one contact, unless an earlier decision of the unit is about it already. */
function decide(change: Change, found: FoundContact, settled: Set<string>): ContactDecision {
	const { act, address, newId, retain, events: happened } = change;
	const id = found.contact?.id ?? newId;
	const holder = act === "join" && found.addressHolder !== id ? found.addressHolder : undefined;
	if (id === undefined || act === "keep" || settled.has(id) || (holder !== undefined && settled.has(holder))) {
		return { retain, events: happened };
	}
	settled.add(id);
	if (act === "remove") return { remove: id, retain, events: happened };
	if (holder !== undefined) settled.add(holder);
	const moved = address === undefined ? {} : addressOf(address);
	const joined = holder === undefined ? {} : addressOf(addressNumberOf(change));
	const write = { ...(found.contact ?? newContact(id)), ...moved, ...joined, ...change.edits };
	return { write, ...(holder === undefined ? {} : { remove: holder }), retain, events: happened };
}

function addressNumberOf({ entry }: Change): number {
	const numbers = Array.from({ length: ADDRESSES }, (_, number) => number);
	return numbers.find((number) => addressOf(number).addressKey === entry.address?.key) ?? 0;
}

/** Two contacts, which swap address and external id. */
function swap(found: readonly FoundContact[]): readonly ContactDecision[] {
	const [a, b] = found.map(({ contact }) => contact);
	const nothing = { retain: [], events: [] };
	if (a === undefined || b === undefined) return [nothing, nothing];
	return [
		{ ...nothing, write: { ...a, ...namesOf(b) } },
		{ ...nothing, write: { ...b, ...namesOf(a) } },
	];
}

function namesOf({ email, addressKey, addressHash, externalId: external }: ContactRecord): Partial<ContactRecord> {
	return { email, addressKey, addressHash, externalId: external };
}

/** Writes contacts, some of which are new. */
export const changeContacts: fc.Arbitrary<Operation> = onTenant(
	"changeContacts",
	fc.tuple(changes, fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, importSteps), fc.nat(30)),
	async (tenant, [asked, step, mood]) => {
		let seen: unknown;
		const decisions = await tenant.changeContacts(
			asked.map(({ entry }) => entry),
			(found) => {
				seen = structuredClone(found);
				if (mood === 0) throw invalidInput("no_mood", "mood", "Not today.");
				const settled = new Set<string>();
				const contacts = asked.map((change, index) => decide(change, found[index] ?? NOTHING_FOUND, settled));
				return step === undefined ? { contacts } : { contacts, step };
			},
		);
		return { seen, decisions };
	},
);

const NOTHING_FOUND: FoundContact = {
	contact: undefined,
	addressHolder: undefined,
	externalIdHolder: undefined,
	retained: [],
	former: [],
};

const swapped = onTenant("changeContacts", fc.uniqueArray(contactId, { minLength: 2, maxLength: 2 }), (tenant, ids) =>
	tenant.changeContacts(
		ids.map((id) => ({ key: { id } })),
		(found) => ({ contacts: swap(found) }),
	),
);

/** Contacts. */
export const contactOperations: readonly fc.Arbitrary<Operation>[] = [
	changeContacts,
	changeContacts,
	changeContacts,
	swapped,
	onTenant("findContacts", fc.array(keys, { minLength: 1, maxLength: 6 }), (tenant, given) =>
		tenant.findContacts(given),
	),
	onTenant("pageContacts", fc.tuple(filters, pages(CONTACT_IDS)), (tenant, [filter, page]) =>
		tenant.pageContacts(filter, page),
	),
	onTenant("countContacts", filters, (tenant, filter) => tenant.countContacts(filter)),
	onTenant("findLastContactId", fc.constant(null), (tenant) => tenant.findLastContactId()),
];
