import type { Announcer } from "./announcer.ts";
import type { Clock } from "./clock.ts";
import type { ConfirmationText } from "./delivery/confirmation-message.ts";
import type { LinkTokens } from "./link-token.ts";
import type { PropertyType } from "./model/property.ts";
import type { Renderer } from "./ports/renderer.ts";
import type { Storage, TenantStorage } from "./ports/storage.ts";
import type { Transport } from "./ports/transport.ts";
import type { SenderResolver } from "./sender.ts";

/** Property types by key, as declared in code. */
export type PropertyTypes = Readonly<Record<string, PropertyType>>;

/** What all parts of one audience share. */
export interface AudienceContext {
	/** Over all tenants. */
	readonly storage: Storage;
	/** Time. */
	readonly clock: Clock;
	/** Tells listeners what is done; absent in the host's transaction, which may still be rolled back. */
	readonly announcer: Announcer | undefined;
	/** Chance: at least 0 and less than 1. */
	readonly random: () => number;
	/** A new id, greater than all before it. */
	readonly newId: () => string;
	/** HMAC of a normalised address. */
	readonly hashAddress: (addressKey: string) => string;
	/** Codec of link tokens. */
	readonly tokens: LinkTokens;
	/** Where links lead, without trailing slash. */
	readonly baseUrl: string;
	/** Makes messages; absent in an audience that sends none. */
	readonly renderer: Renderer | undefined;
	/** The one transport of an audience without `sender` resolver, which closes with it. */
	readonly transport: Transport | undefined;
	/** Says who sends a broadcast; absent in an audience that sends none. */
	readonly resolveSender: SenderResolver | undefined;
	/** Asks contacts to confirm. */
	readonly confirmation: ConfirmationText;
	/** Properties declared in code, which every tenant has. */
	readonly declared: PropertyTypes;
}

/** What the resources of one tenant share. */
export interface TenantContext extends AudienceContext {
	/** Which tenant. */
	readonly tenantId: string;
	/** What it keeps. */
	readonly tenant: TenantStorage;
}
