/**
 * The exam that every storage of Convoke passes: a list of cases that need no test runner.
 *
 * @module
 */
import { broadcastCases } from "./broadcast-cases.ts";
import { catalogueCases } from "./catalogue-cases.ts";
import { claimCases } from "./claim-cases.ts";
import { contactCases } from "./contact-cases.ts";
import { contactUnitCases } from "./contact-unit-cases.ts";
import { eventCases } from "./event-cases.ts";
import { filterCases } from "./filter-cases.ts";
import { filterRelationCases } from "./filter-relation-cases.ts";
import { filterValueCases } from "./filter-value-cases.ts";
import { importCases } from "./import-cases.ts";
import { leaseCases } from "./lease-cases.ts";
import { permitCases } from "./permit-cases.ts";
import { planCases } from "./plan-cases.ts";
import { recipientCases } from "./recipient-cases.ts";
import { rootCases } from "./root-cases.ts";
import { sendingCases } from "./sending-cases.ts";
import { searchCases } from "./search-cases.ts";
import { segmentCases } from "./segment-cases.ts";
import type { StorageCase } from "./storage-case.ts";
import { suppressionCases } from "./suppression-cases.ts";

export type { StorageCase } from "./storage-case.ts";

/** All cases. Give each one a fresh, migrated and empty storage; no case may be left out. */
export const storageExam: readonly StorageCase[] = [
	...contactCases,
	...contactUnitCases,
	...filterCases,
	...filterValueCases,
	...searchCases,
	...segmentCases,
	...filterRelationCases,
	...catalogueCases,
	...suppressionCases,
	...eventCases,
	...broadcastCases,
	...planCases,
	...claimCases,
	...permitCases,
	...sendingCases,
	...leaseCases,
	...recipientCases,
	...importCases,
	...rootCases,
];
