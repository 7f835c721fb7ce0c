import type { Filter, Property, SegmentRecord, SuppressionRecord, Topic } from "@convoke/core";
import fc from "fast-check";
import { onTenant } from "./operation.ts";
import type { Operation } from "./operation.ts";
import {
	addressOf,
	ADDRESSES,
	events,
	hashes,
	instants,
	pages,
	PROPERTIES,
	PROPERTY_IDS,
	SEGMENT_IDS,
	someText,
	SUPPRESSION_IDS,
	TOPIC_IDS,
	values,
} from "./pools.ts";

const segmentId = fc.constantFrom(...SEGMENT_IDS);
const topicId = fc.constantFrom(...TOPIC_IDS);
const propertyId = fc.constantFrom(...PROPERTY_IDS);
const visibility = fc.constantFrom("public" as const, "private" as const);
const nothing = fc.constant(null);

const filter: fc.Arbitrary<Filter | null> = fc.constantFrom<Filter | null>(
	null,
	{ and: [] },
	{ field: "createdAt", op: "gt", value: new Date(0) },
	{ search: "a" },
);
const uses: fc.Arbitrary<readonly string[]> = fc.subarray(
	[
		...SEGMENT_IDS.slice(0, 1),
		...TOPIC_IDS.slice(0, 1),
		...Object.keys(PROPERTIES)
			.slice(0, 1)
			.map((key) => `properties.${key}`),
	],
	{ maxLength: 1 },
);
const segments: fc.Arbitrary<SegmentRecord> = fc.record({
	id: segmentId,
	name: someText,
	filter,
	uses: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: uses }),
	createdAt: instants,
});

const topics: fc.Arbitrary<Topic> = fc.record({
	id: topicId,
	name: someText,
	description: fc.option(someText),
	defaultSubscription: fc.constantFrom("opt_in", "opt_out"),
	visibility,
	createdAt: instants,
});

const properties: fc.Arbitrary<Property> = fc.record({
	id: propertyId,
	key: fc.constantFrom(...Object.keys(PROPERTIES)),
	type: fc.constantFrom("string", "number", "boolean", "date"),
	fallback: fc.option(values),
	createdAt: instants,
});

const suppressions: fc.Arbitrary<SuppressionRecord> = fc
	.tuple(fc.constantFrom(...SUPPRESSION_IDS), fc.nat(ADDRESSES - 1), instants)
	.map(([id, address, createdAt]) => {
		const { email, addressHash } = addressOf(address);
		return { id, email, addressHash, origin: "bounce", createdAt };
	});

const insertProperty = onTenant("insertProperty", properties, (tenant, property) => tenant.insertProperty(property));
const insertSegment = onTenant("insertSegment", segments, (tenant, segment) => tenant.insertSegment(segment));
const insertTopic = onTenant("insertTopic", topics, (tenant, topic) => tenant.insertTopic(topic));

/** Insertions of properties, segments and topics. */
export const catalogueInsertions: fc.Arbitrary<Operation> = fc.oneof(insertProperty, insertSegment, insertTopic);

/** Properties, segments, topics and suppressions. */
export const catalogueOperations: readonly fc.Arbitrary<Operation>[] = [
	insertProperty,
	onTenant("listProperties", nothing, (tenant) => tenant.listProperties()),
	onTenant("updateProperty", fc.tuple(propertyId, fc.option(values)), (tenant, [id, fallback]) =>
		tenant.updateProperty(id, { fallback }),
	),
	onTenant("deleteProperty", propertyId, (tenant, id) => tenant.deleteProperty(id)),
	insertSegment,
	onTenant("findSegments", fc.array(segmentId, { maxLength: 5 }), (tenant, ids) => tenant.findSegments(ids)),
	onTenant("pageSegments", pages(SEGMENT_IDS), (tenant, page) => tenant.pageSegments(page)),
	onTenant(
		"updateSegment",
		fc.tuple(segmentId, fc.record({ name: someText, filter, uses }, { requiredKeys: [] })),
		(tenant, [id, changes]) => tenant.updateSegment(id, changes),
	),
	onTenant("deleteSegment", segmentId, (tenant, id) => tenant.deleteSegment(id)),
	insertTopic,
	onTenant("findTopics", fc.array(topicId, { maxLength: 5 }), (tenant, ids) => tenant.findTopics(ids)),
	onTenant("pageTopics", pages(TOPIC_IDS), (tenant, page) => tenant.pageTopics(page)),
	onTenant(
		"updateTopic",
		fc.tuple(
			topicId,
			fc.record({ name: someText, description: fc.option(someText), visibility }, { requiredKeys: [] }),
		),
		(tenant, [id, changes]) => tenant.updateTopic(id, changes),
	),
	onTenant("deleteTopic", topicId, (tenant, id) => tenant.deleteTopic(id)),
	onTenant("insertSuppression", fc.tuple(suppressions, events), (tenant, [suppression, happened]) =>
		tenant.insertSuppression(suppression, happened),
	),
	onTenant("findSuppression", hashes, (tenant, hash) => tenant.findSuppression(hash)),
	onTenant("pageSuppressions", pages(SUPPRESSION_IDS), (tenant, page) => tenant.pageSuppressions(page)),
	onTenant("deleteSuppression", fc.tuple(hashes, events), (tenant, [hash, happened]) =>
		tenant.deleteSuppression(hash, happened),
	),
];
