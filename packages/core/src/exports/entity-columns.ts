import type { BroadcastRecipient } from "../delivery/recipient-lists.ts";
import type { Broadcast } from "../model/broadcast.ts";
import type { ImportIssue } from "../model/import.ts";
import type { Segment } from "../model/segment.ts";
import type { Topic } from "../model/topic.ts";
import type { TableColumn } from "./table-writer.ts";

const FILTER: TableColumn<Pick<Segment, "filter">> = {
	name: "filter",
	cell: ({ filter }) => (filter === null ? null : JSON.stringify(filter)),
	data: ({ filter }) => filter,
};

/** Columns of the export of segments. */
export const SEGMENT_COLUMNS: readonly TableColumn<Segment>[] = [
	{ name: "id", cell: ({ id }) => id },
	{ name: "name", cell: ({ name }) => name },
	FILTER,
	{ name: "createdAt", cell: ({ createdAt }) => createdAt },
];

/** Columns of the export of topics. */
export const TOPIC_COLUMNS: readonly TableColumn<Topic>[] = [
	{ name: "id", cell: ({ id }) => id },
	{ name: "name", cell: ({ name }) => name },
	{ name: "description", cell: ({ description }) => description },
	{ name: "defaultSubscription", cell: ({ defaultSubscription }) => defaultSubscription },
	{ name: "visibility", cell: ({ visibility }) => visibility },
	{ name: "createdAt", cell: ({ createdAt }) => createdAt },
];

/** Columns of the export of broadcasts: what they are and where they stand, without the message. */
export const BROADCAST_COLUMNS: readonly TableColumn<Broadcast>[] = [
	{ name: "id", cell: ({ id }) => id },
	{ name: "name", cell: ({ name }) => name },
	{ name: "status", cell: ({ status }) => status },
	{ name: "statusReason", cell: ({ statusReason }) => statusReason },
	{ name: "subject", cell: ({ subject }) => subject },
	{ name: "segmentId", cell: ({ segmentId }) => segmentId },
	FILTER,
	{ name: "everyone", cell: ({ everyone }) => everyone },
	{ name: "topicId", cell: ({ topicId }) => topicId },
	{ name: "createdAt", cell: ({ createdAt }) => createdAt },
	{ name: "scheduledAt", cell: ({ scheduledAt }) => scheduledAt },
	{ name: "queuedAt", cell: ({ queuedAt }) => queuedAt },
	{ name: "sentAt", cell: ({ sentAt }) => sentAt },
];

/** Columns of the export of a broadcast's recipients. */
export const RECIPIENT_COLUMNS: readonly TableColumn<BroadcastRecipient>[] = [
	{ name: "contactId", cell: ({ contactId }) => contactId },
	{ name: "email", cell: ({ contact }) => contact?.email ?? null },
	{ name: "state", cell: ({ state }) => state },
	{ name: "reason", cell: ({ reason }) => reason },
	{ name: "attempts", cell: ({ attempts }) => attempts },
	{ name: "providerId", cell: ({ providerId }) => providerId },
	{ name: "updatedAt", cell: ({ updatedAt }) => updatedAt },
];

/** Columns of the export of an import's issues. */
export const ISSUE_COLUMNS: readonly TableColumn<ImportIssue>[] = [
	{ name: "line", cell: ({ line }) => line },
	{ name: "severity", cell: ({ severity }) => severity },
	{ name: "reason", cell: ({ reason }) => reason },
	{ name: "field", cell: ({ field }) => field },
	{ name: "message", cell: ({ message }) => message },
];
