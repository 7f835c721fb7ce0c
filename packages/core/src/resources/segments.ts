import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { ConvokeError, notFound } from "../errors.ts";
import { checkId } from "../ids.ts";
import type { Segment } from "../model/segment.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import { checkText } from "../text.ts";

/** A segment to create. */
export interface NewSegment {
	/** 1 to 200 characters; only the host sees it. */
	readonly name: string;
}

const newSegment = z.strictObject({
	name: checked((value) =>
		checkText(value, "name", { max: 200, tooLong: "segment_name_invalid", empty: "segment_name_invalid" }),
	),
});

/** `audience.segments`: internal groups of contacts. */
export class Segments {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/** Creates a static segment, without members. @throws `invalid_input` with `segment_name_invalid`. */
	async create(segment: NewSegment): Promise<Segment> {
		const { name } = checkInput(newSegment, segment, "segment");
		const { newId, clock, tenant } = this.#context;
		const created: Segment = { id: newId(), name, createdAt: clock.now() };
		await tenant.insertSegment(created);
		return created;
	}

	/** @throws `not_found`. */
	async get(id: string): Promise<Segment> {
		const [segment] = await this.#context.tenant.findSegments([checkId(id, "id")]);
		if (segment === undefined) throw notFound("segment");
		return segment;
	}

	/** Lists segments, newest first. */
	list(options: ListOptions = {}): Promise<Page<Segment>> {
		return readPage(
			options,
			(page) => this.#context.tenant.pageSegments(page),
			(segment) => segment,
		);
	}

	/** Renames a segment. @throws `not_found`, `invalid_input`. */
	async update(id: string, changes: NewSegment): Promise<Segment> {
		const segmentId = checkId(id, "id");
		const { name } = checkInput(newSegment, changes, "changes");
		if (!(await this.#context.tenant.updateSegment(segmentId, { name }))) throw notFound("segment");
		return this.get(segmentId);
	}

	/** Removes a segment; its contacts stay. @throws `not_found`; `invalid_state` with `segment_in_use`. */
	async remove(id: string): Promise<void> {
		const outcome = await this.#context.tenant.deleteSegment(checkId(id, "id"));
		if (outcome === "missing") throw notFound("segment");
		if (outcome === "in_use") throw inUse("segment");
	}
}

/** The error for removing what a broadcast under way refers to. */
export function inUse(resource: "segment" | "topic" | "property"): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: `${resource}_in_use`,
		resource,
		message: `A broadcast that is scheduled, queued, sending or paused uses this ${resource}; cancel it or wait.`,
	});
}
