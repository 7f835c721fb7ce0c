import { randomInt } from "node:crypto";
import { Announcer } from "./announcer.ts";
import type { AnnouncementOf, AnnouncementType } from "./announcer.ts";
import { createAddressHasher, parseHashKey } from "./address-hash.ts";
import { parseBaseUrl } from "./base-url.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import type { AudienceContext, PropertyTypes, TenantContext } from "./context.ts";
import { checkConfirmationText, defaultConfirmation } from "./delivery/confirmation-message.ts";
import type { ConfirmationText } from "./delivery/confirmation-message.ts";
import { Worker } from "./delivery/worker.ts";
import type { WorkerOptions } from "./delivery/worker-options.ts";
import { invalidInput } from "./errors.ts";
import type { FilterFor } from "./filter/filter-for.ts";
import { createIdSource } from "./ids.ts";
import { createLinkTokens, parseLinkKeys } from "./link-token.ts";
import { PROPERTY_TYPES } from "./model/property.ts";
import type { Renderer } from "./ports/renderer.ts";
import type { Storage } from "./ports/storage.ts";
import type { Transport } from "./ports/transport.ts";
import { checkPropertyKey } from "./property-key.ts";
import { Broadcasts } from "./resources/broadcasts.ts";
import { Confirmations } from "./resources/confirmations.ts";
import { Contacts } from "./resources/contacts.ts";
import { Events } from "./resources/events.ts";
import { PreferenceLinks, tenantContext } from "./resources/preferences.ts";
import { MAX_PROPERTIES, Properties } from "./resources/properties.ts";
import { Segments } from "./resources/segments.ts";
import { Suppressions } from "./resources/suppressions.ts";
import { Topics } from "./resources/topics.ts";
import { KEY_COMMAND } from "./secret-key.ts";
import { readRateLimit } from "./sender.ts";
import type { SenderResolver, SendingRate } from "./sender.ts";
import { checkTenantId, DEFAULT_TENANT } from "./tenant-id.ts";

/** What an audience is made of. */
export interface AudienceOptions<P extends PropertyTypes = PropertyTypes> {
	/** Where it is kept. */
	readonly storage: Storage;
	/** Where links in messages lead, and the keys that sign them. */
	readonly links: {
		/** The URL under which the host mounts the link pages; https, or http on localhost. At most 309 characters. */
		readonly baseUrl: string;
		/**
		 * Keys of at least 32 random bytes as base64url or hex; several separated by commas. The first signs, all verify:
		 * dropping one kills the links it signed.
		 */
		readonly keys: string | readonly (string | Uint8Array)[] | undefined;
	};
	/**
	 * Key of the address hashes, at least 32 random bytes as base64url or hex. By these hashes opt-outs outlive removed
	 * contacts, so the key must never change; keep it apart from the link keys and out of the database.
	 */
	readonly hashKey: string | Uint8Array | undefined;
	/** Makes messages; needed to check and send broadcasts. */
	readonly renderer?: Renderer | undefined;
	/** Hands messages over; for one sender. Not together with `sender`. */
	readonly transport?: Transport | undefined;
	/** How fast messages may go through `transport`, over all workers. @default as fast as it can */
	readonly rateLimit?: SendingRate | undefined;
	/** Says who sends a broadcast and through what: by tenant, topic or what the host likes. */
	readonly sender?: SenderResolver | undefined;
	/** What asks people to confirm their subscription. @default a short text in English */
	readonly confirmation?: ConfirmationText | undefined;
	/** Properties that every tenant has; their types are inferred into contacts. */
	readonly properties?: P | undefined;
	/** Time. @default the machine's */
	readonly clock?: Clock | undefined;
	/** Chance, by which retries spread: at least 0 and less than 1. @default that of node:crypto */
	readonly random?: (() => number) | undefined;
}

/**
 * Makes an audience. Touches neither disk nor network.
 *
 * @throws `invalid_input` for a missing storage, a missing or weak key, an unsafe base URL, or a property that cannot be.
 */
export function createAudience<const P extends PropertyTypes = PropertyTypes>(
	options: AudienceOptions<P>,
): Audience<P> {
	checkGiven(options);
	const {
		storage,
		links,
		hashKey,
		renderer,
		transport,
		sender,
		rateLimit,
		confirmation,
		properties,
		clock = systemClock,
		random = chance,
	} = options;
	if (transport !== undefined && sender !== undefined) {
		throw invalidInput("transport_ambiguous", "sender", "Give `transport` or `sender`, not both.");
	}
	if (rateLimit !== undefined && transport === undefined) {
		const message = "`rateLimit` is of `transport`; with `sender`, give it with each sender.";
		throw invalidInput("invalid_option", "rateLimit", message);
	}
	if (transport !== undefined) readRateLimit({ transport, rateLimit });
	const context: AudienceContext = {
		storage,
		clock,
		random,
		announcer: new Announcer(),
		newId: createIdSource(() => clock.now()),
		hashAddress: createAddressHasher(hashKey),
		tokens: createLinkTokens(links.keys),
		baseUrl: parseBaseUrl(links.baseUrl),
		renderer,
		transport,
		resolveSender: sender ?? (transport && (() => ({ transport, rateLimit }))),
		confirmation: checkConfirmationText(confirmation ?? defaultConfirmation),
		declared: checkDeclared(properties ?? {}),
	};
	if (parseLinkKeys(links.keys).some((key) => key.equals(parseHashKey(hashKey)))) {
		const message = "`hashKey` must not be one of `links.keys`: those change in time, and it never may.";
		throw invalidInput("hash_key_reused", "hashKey", message);
	}
	return new Audience(context, DEFAULT_TENANT);
}

/** One tenant's audience, and through {@link Audience.tenant} every other one. Made by {@link createAudience}. */
export class Audience<P extends PropertyTypes = PropertyTypes> {
	readonly #context: TenantContext;
	/** One e-mail address each. */
	readonly contacts: Contacts<P>;
	/** Declared, typed attributes of contacts. */
	readonly properties: Properties;
	/** Internal groups of contacts. */
	readonly segments: Segments<FilterFor<P>>;
	/** User-facing subjects of mail. */
	readonly topics: Topics;
	/** Messages for many contacts. */
	readonly broadcasts: Broadcasts<FilterFor<P>>;
	/** What the person who gets the mail decides, by the token of a link. */
	readonly preferences: PreferenceLinks;
	/** What the person who was asked to confirm decides, by the token of a link. */
	readonly confirmations: Confirmations;
	/** Addresses that are never to be mailed. */
	readonly suppressions: Suppressions;
	/** What happened to contacts. */
	readonly events: Events;

	constructor(context: AudienceContext, tenantId: string) {
		this.#context = tenantContext(context, tenantId);
		this.contacts = new Contacts<P>(this.#context);
		this.properties = new Properties(this.#context);
		this.segments = new Segments<FilterFor<P>>(this.#context);
		this.topics = new Topics(this.#context);
		this.broadcasts = new Broadcasts<FilterFor<P>>(this.#context);
		this.preferences = new PreferenceLinks(this.#context);
		this.confirmations = new Confirmations(this.#context);
		this.suppressions = new Suppressions(this.#context);
		this.events = new Events(this.#context);
	}

	/** Whose audience this is. */
	get tenantId(): string {
		return this.#context.tenantId;
	}

	/** Where links in messages lead, without a slash at its end: the URL under which the host mounts the link pages. */
	get baseUrl(): string {
		return this.#context.baseUrl;
	}

	/** Brings the storage's schema up to date. */
	migrate(): Promise<void> {
		return this.#context.storage.migrate();
	}

	/**
	 * Gives the resources of the storage and of `transport` back. What a `sender` resolver answers with is the host's to
	 * close.
	 */
	async close(): Promise<void> {
		await this.#context.transport?.close();
		await this.#context.storage.close();
	}

	/**
	 * The audience of one tenant, on the same storage. Tenants share nothing.
	 *
	 * @param id 1 to 100 ASCII letters, digits, `_`, `.` or `-`, beginning with a letter or digit.
	 * @throws `invalid_input` with `invalid_tenant`.
	 */
	tenant(id: string): Audience<P> {
		return new Audience<P>(this.#context, checkTenantId(id, "tenant"));
	}

	/** The same tenant's audience on another storage, such as one that is part of the host's transaction. */
	using(storage: Storage): Audience<P> {
		return new Audience<P>({ ...this.#context, storage, announcer: undefined }, this.#context.tenantId);
	}

	/**
	 * Calls a handler whenever this process has done something: changed a contact (`contact.unsubscribed`), moved a
	 * broadcast (`broadcast.paused`) or handed a message over (`message.accepted`), for any tenant. Nothing waits for
	 * handlers, and what they throw is published on the diagnostics channel `convoke:handler_failed`. It hears nothing of
	 * other processes, nor of the host's transaction; `events.since` has what happened to contacts anywhere.
	 *
	 * @returns what ends it.
	 */
	on<Type extends AnnouncementType>(type: Type, handler: (announcement: AnnouncementOf<Type>) => unknown): () => void {
		if (typeof handler !== "function") throw invalidInput("invalid_option", "handler", "`handler` must be a function.");
		return this.#context.announcer?.on(type, handler) ?? (() => {});
	}

	/** A worker that plans and sends the broadcasts of all tenants. @throws `invalid_input` with `invalid_option`. */
	worker(options?: WorkerOptions): Worker {
		return new Worker(this.#context, options);
	}
}

function chance(): number {
	return randomInt(2 ** 47) / 2 ** 47;
}

/** Checks that what every audience needs is there. */
function checkGiven(options: AudienceOptions): void {
	const { storage, links }: Partial<AudienceOptions> = isObject(options) ? options : {};
	if (!isObject(storage)) {
		const message = "Give createAudience a `storage`: createMemoryStorage(), or one of a database.";
		throw invalidInput("missing_storage", "storage", message);
	}
	if (!isObject(links)) {
		const message = `Give createAudience \`links: { baseUrl, keys }\`. Make a key with: ${KEY_COMMAND}`;
		throw invalidInput("missing_links", "links", message);
	}
}

function isObject(value: unknown): boolean {
	return typeof value === "object" && value !== null;
}

function checkDeclared(properties: PropertyTypes): PropertyTypes {
	const types = new Set<string>(PROPERTY_TYPES);
	if (Object.keys(properties).length > MAX_PROPERTIES) {
		const message = `A tenant has at most ${MAX_PROPERTIES} properties; declare fewer.`;
		throw invalidInput("too_many_properties", "properties", message);
	}
	for (const [key, type] of Object.entries(properties)) {
		checkPropertyKey(key, "properties");
		if (types.has(type)) continue;
		throw invalidInput("invalid_value", `properties.${key}`, `\`${key}\` must be a string, number, boolean or date.`);
	}
	return { ...properties };
}
