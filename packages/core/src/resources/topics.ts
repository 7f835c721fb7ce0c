import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import { TOPIC_COLUMNS } from "../exports/entity-columns.ts";
import { exportPages } from "../exports/export-pages.ts";
import type { TableOptions } from "../exports/table-writer.ts";
import { checkId } from "../ids.ts";
import type { Subscription } from "../model/contact.ts";
import type { Topic, TopicVisibility } from "../model/topic.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import { checkText } from "../text.ts";
import { inUse } from "./in-use.ts";

/** A topic to create. */
export interface NewTopic {
	/** 1 to 50 characters, shown on the preference page. */
	readonly name: string;
	/** At most 200 characters, shown on the preference page. */
	readonly description?: string | null | undefined;
	/**
	 * What holds for a contact without a choice of its own: `opt_in`, everyone receives until they opt out; `opt_out`,
	 * nobody receives until they opt in. Never changes. @default "opt_in"
	 */
	readonly defaultSubscription?: Subscription | undefined;
	/** Who sees it on the preference page. @default "public" */
	readonly visibility?: TopicVisibility | undefined;
}

/** Changes of a topic. The default subscription never changes. */
export type TopicChanges = Omit<Partial<NewTopic>, "defaultSubscription">;

const fields = {
	name: checked((value) =>
		checkText(value, "name", { max: 50, tooLong: "topic_name_invalid", empty: "topic_name_invalid" }),
	),
	description: checked((value) => checkText(value, "description", { max: 200, multiline: true })).nullish(),
	visibility: z.enum(["public", "private"]).optional(),
};

const newTopic = z.strictObject({ ...fields, defaultSubscription: z.enum(["opt_in", "opt_out"]).optional() });
const topicChanges = z.strictObject({ ...fields, name: fields.name.optional() });

/** `audience.topics`: the user-facing subjects of mail. */
export class Topics {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/** @throws `invalid_input` with `topic_name_invalid`, `text_too_long`, `invalid_text`. */
	async create(topic: NewTopic): Promise<Topic> {
		const { name, description, defaultSubscription, visibility } = checkInput(newTopic, topic, "topic");
		const { newId, clock, tenant } = this.#context;
		const created: Topic = {
			id: newId(),
			name,
			description: description ?? null,
			defaultSubscription: defaultSubscription ?? "opt_in",
			visibility: visibility ?? "public",
			createdAt: clock.now(),
		};
		await tenant.insertTopic(created);
		return created;
	}

	/** @throws `not_found`. */
	async get(id: string): Promise<Topic> {
		const [topic] = await this.#context.tenant.findTopics([checkId(id, "id")]);
		if (topic === undefined) throw notFound("topic");
		return topic;
	}

	/** Writes all topics as a file, newest first, in pieces. @throws `invalid_input` for the options. */
	export(options: TableOptions = {}): AsyncGenerator<string, void, undefined> {
		const list = this.list.bind(this);
		return exportPages(this.#context.clock, TOPIC_COLUMNS, options, { list, idOf: ({ id }) => id });
	}

	/** Lists topics, newest first. */
	list(options: ListOptions = {}): Promise<Page<Topic>> {
		return readPage(
			options,
			(page) => this.#context.tenant.pageTopics(page),
			(topic) => topic,
		);
	}

	/** @throws `not_found`, `invalid_input`. */
	async update(id: string, changes: TopicChanges): Promise<Topic> {
		const topicId = checkId(id, "id");
		const given = Object.entries(checkInput(topicChanges, changes, "changes")).filter(
			([, value]) => value !== undefined,
		);
		if (!(await this.#context.tenant.updateTopic(topicId, Object.fromEntries(given)))) throw notFound("topic");
		return this.get(topicId);
	}

	/**
	 * Removes a topic with all choices for it. Links in mail already sent keep working: without their topic they opt out
	 * of everything.
	 *
	 * @throws `not_found`; `invalid_state` with `topic_in_use`.
	 */
	async remove(id: string): Promise<void> {
		const outcome = await this.#context.tenant.deleteTopic(checkId(id, "id"));
		if (outcome === "missing") throw notFound("topic");
		if (outcome === "in_use") throw inUse("topic");
	}
}

/** All topics of a tenant, page by page. */
export async function allTopics(context: TenantContext): Promise<readonly Topic[]> {
	const topics: Topic[] = [];
	for (;;) {
		const page = await context.tenant.pageTopics({ limit: 100, after: topics.at(-1)?.id });
		topics.push(...page);
		if (page.length < 100) return topics;
	}
}
