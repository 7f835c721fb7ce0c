import { BroadcastStore } from "./broadcast-store.ts";
import { CatalogueStore } from "./catalogue-store.ts";
import { ContactStore } from "./contact-store.ts";
import { ContactSources } from "./contact-sources.ts";
import { ContactWords } from "./contact-words.ts";
import { ContactUnit } from "./contact-unit.ts";
import type { SqlDialect } from "./dialect.ts";
import { EventStore } from "./event-store.ts";
import { ImportStore } from "./import-store.ts";
import { KeyStore } from "./key-store.ts";
import { Owners } from "./owners.ts";
import { PlanProgressStore } from "./plan-progress.ts";
import { PlanStore } from "./plan-store.ts";
import { RateLimitStore } from "./rate-limit-store.ts";
import { RecipientStore } from "./recipient-store.ts";
import { SliceClaims } from "./slice-claims.ts";
import { SliceCountStore } from "./slice-counts.ts";
import { SliceSteps } from "./slice-steps.ts";
import { SuppressionStore } from "./suppression-store.ts";
import { Uses } from "./uses.ts";

/** All stores of one storage: the statements, compiled once for all tenants. */
export interface Stores {
	readonly contacts: ContactStore;
	readonly contactUnit: ContactUnit;
	readonly catalogue: CatalogueStore;
	readonly suppressions: SuppressionStore;
	readonly events: EventStore;
	readonly broadcasts: BroadcastStore;
	readonly plans: PlanStore;
	readonly recipients: RecipientStore;
	readonly keys: KeyStore;
	readonly rateLimits: RateLimitStore;
	readonly sliceClaims: SliceClaims;
	readonly sliceSteps: SliceSteps;
	readonly imports: ImportStore;
	readonly owners: Owners;
}

/** Makes the stores of a database. */
export function createStores(dialect: SqlDialect): Stores {
	const uses = new Uses(dialect);
	const contacts = new ContactStore(dialect, new ContactSources(dialect));
	const events = new EventStore(dialect);
	const imports = new ImportStore(dialect);
	const planProgress = new PlanProgressStore(dialect);
	const broadcasts = new BroadcastStore(dialect, uses, planProgress);
	const sliceCounts = new SliceCountStore(dialect);
	return {
		contacts,
		contactUnit: new ContactUnit(dialect, { contacts, words: new ContactWords(dialect), events, imports }),
		catalogue: new CatalogueStore(dialect, uses),
		suppressions: new SuppressionStore(dialect, events),
		events,
		broadcasts,
		plans: new PlanStore(dialect, planProgress),
		recipients: new RecipientStore(dialect, sliceCounts, broadcasts),
		keys: new KeyStore(dialect),
		rateLimits: new RateLimitStore(dialect),
		sliceClaims: new SliceClaims(dialect),
		sliceSteps: new SliceSteps(dialect),
		imports,
		owners: new Owners(dialect),
	};
}
