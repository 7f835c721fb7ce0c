/**
 * A marketing audience inside your own process: contacts, properties, segments and topics, and broadcasts that reach
 * exactly the people who should get them. Not a mail server and not a template editor.
 *
 * @example
 * ```ts
 * const audience = createAudience({ storage: createMemoryStorage(), links: { baseUrl, keys }, hashKey });
 * await audience.migrate();
 * await audience.contacts.create({ email: "ada@example.com", firstName: "Ada" });
 * ```
 *
 * @module
 */
export type {
	Announcement,
	AnnouncementOf,
	AnnouncementType,
	BroadcastAnnouncement,
	ContactAnnouncement,
	MessageAnnouncement,
} from "./announcer.ts";
export { Audience, createAudience } from "./audience.ts";
export type { AudienceOptions } from "./audience.ts";
export { linkUrl } from "./base-url.ts";
export type { LinkPage } from "./base-url.ts";
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export type { PropertyTypes } from "./context.ts";
export type { ConfirmationSubject, ConfirmationText } from "./delivery/confirmation-message.ts";
export type { ExportFormat, TableOptions } from "./exports/table-writer.ts";
export type { Explanation } from "./delivery/explain.ts";
export type { Progress, WatchOptions } from "./delivery/progress.ts";
export type { FailureReport } from "./delivery/failure-report.ts";
export type { PlanCounts } from "./delivery/planner.ts";
export type { BroadcastRecipient, RecipientSelection } from "./delivery/recipient-lists.ts";
export type { Preview } from "./delivery/preview.ts";
export type { PreviewOptions, SampleContact } from "./delivery/sample-contact.ts";
export type { Resolution } from "./delivery/second-chances.ts";
export type { TestDelivery, TestOptions } from "./delivery/test-send.ts";
export type { Verification } from "./delivery/verify.ts";
export type { RunReport, SliceJob, Worker, WorkerHealth } from "./delivery/worker.ts";
export type { RunLimits, StopOptions, WorkerOptions } from "./delivery/worker-options.ts";
export { parseEmailAddress, parseMailbox } from "./email-address.ts";
export type { EmailAddress, Mailbox } from "./email-address.ts";
export { ConvokeError, invalidInput } from "./errors.ts";
export type { ConvokeErrorCode, ConvokeErrorDetails } from "./errors.ts";
export type {
	BoundFilter,
	BoundSubject,
	Comparison,
	DateField,
	FieldFilter,
	Filter,
	FilterOperator,
	FilterValue,
	FlagField,
	RelativeDate,
	TextField,
	TextMatch,
} from "./filter/filter.ts";
export type { FilterFor, TypedFilter } from "./filter/filter-for.ts";
export { sampleKey } from "./filter/match.ts";
export type { BoundRule } from "./filter/recipient-rules.ts";
export { createLinkTokens } from "./link-token.ts";
export type { LinkPurpose, LinkSubject, LinkTokens } from "./link-token.ts";
export { createMemoryStorage } from "./memory/memory-storage.ts";
export type {
	Attachment,
	Broadcast,
	BroadcastContent,
	BroadcastRecord,
	BroadcastStatus,
	Footer,
	MessageHeaders,
	MessageTag,
	PlanProgress,
} from "./model/broadcast.ts";
export type {
	Confirmation,
	ConfirmationRequest,
	Contact,
	ContactRecord,
	PropertyValue,
	PropertyValues,
	RetainedOptOut,
	Subscription,
} from "./model/contact.ts";
export type { ConvokeEvent, EventSource, EventType, NewEvent } from "./model/event.ts";
export type {
	ContactImport,
	ImportCounts,
	ImportIssue,
	ImportRecord,
	ImportReview,
	ImportSample,
	ImportStatus,
} from "./model/import.ts";
export type { Property, PropertyType } from "./model/property.ts";
export type { ExclusionReason, ReasonCount, Recipient, RecipientCounts, RecipientState } from "./model/recipient.ts";
export type { Segment, SegmentRecord } from "./model/segment.ts";
export type { Suppression, SuppressionOrigin, SuppressionRecord } from "./model/suppression.ts";
export type { Topic, TopicVisibility } from "./model/topic.ts";
export type { ListOptions, Page } from "./page.ts";
export type { CompiledMessage, Finding, MessageLinks, MessageSource, Renderer } from "./ports/renderer.ts";
export type * from "./ports/storage.ts";
export type { Message, Transport, TransportOutcome } from "./ports/transport.ts";
export type { ContactSelection } from "./resources/bind.ts";
export type { BroadcastChanges, NewBroadcast } from "./resources/broadcast-input.ts";
export type {
	Broadcasts,
	CreateOptions,
	Plan,
	ResolveOptions,
	RetryOptions,
	SendOptions,
} from "./resources/broadcasts.ts";
export type { BulkOptions, BulkProgress, BulkTarget, ContactBulk } from "./resources/contact-bulk.ts";
export type { ActOptions, ContactChanges, ContactRef, NewContact, TopicChoice } from "./resources/contact-input.ts";
export type {
	ConfirmationOptions,
	Confirmations,
	ConfirmationView,
	RequestedConfirmation,
} from "./resources/confirmations.ts";
export type { ContactSegments } from "./resources/contact-segments.ts";
export type { ContactTopic, ContactTopics } from "./resources/contact-topics.ts";
export type { ContactExport, ContactHistory, Contacts, ValuesOf } from "./resources/contacts.ts";
export type { EventPage, Events } from "./resources/events.ts";
export type { ColumnMapping, NewPropertyColumn } from "./imports/map-columns.ts";
export type { ImportIssues, Imports, NewImport } from "./resources/imports.ts";
export type { PreferenceChanges, PreferenceLinks, Preferences, UnsubscribeOutcome } from "./resources/preferences.ts";
export type { NewAttachment } from "./resources/message-extras.ts";
export type { NewProperty, Properties, PropertyRef } from "./resources/properties.ts";
export type { NewSegment, SegmentChanges, Segments } from "./resources/segments.ts";
export type { NewSuppression, Suppressions } from "./resources/suppressions.ts";
export type { NewTopic, TopicChanges, Topics } from "./resources/topics.ts";
export { BROADCAST_MOVES, isUnderWay, propertyUse, UNDER_WAY } from "./rules/broadcast-moves.ts";
export type { BroadcastAct } from "./rules/broadcast-moves.ts";
export { FULL_BUCKET, takePermits } from "./rules/rate-limit.ts";
export type { Bucket, RateLimit, Taken, UnusedPermits } from "./rules/rate-limit.ts";
export { RECIPIENT_MOVES } from "./rules/recipient-moves.ts";
export type { MailboxInput, Sender, SenderResolver, SendingRate } from "./sender.ts";
export { DEFAULT_TENANT } from "./tenant-id.ts";
export { searchKey, searchKeys, searchWords } from "./search-words.ts";
export { generateLinkKey } from "./secret-key.ts";
export { checkPlanAdds, importEnded, storageClosed, uniquenessViolated } from "./storage-errors.ts";
export { checkHeaderText } from "./text.ts";
