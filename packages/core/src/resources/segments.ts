import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { ConvokeError, notFound } from "../errors.ts";
import { SEGMENT_COLUMNS } from "../exports/entity-columns.ts";
import { exportPages } from "../exports/export-pages.ts";
import type { TableOptions } from "../exports/table-writer.ts";
import { checkFilter } from "../filter/check-filter.ts";
import { usesOfFilter } from "../filter/filter-references.ts";
import type { Filter } from "../filter/filter.ts";
import { checkId } from "../ids.ts";
import type { Segment, SegmentRecord } from "../model/segment.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import { checkText } from "../text.ts";
import { bindTargetFilter } from "./bind.ts";
import { requireFilter } from "./broadcast-references.ts";
import { inUse } from "./in-use.ts";
import { Properties } from "./properties.ts";

/** A segment to create. */
export interface NewSegment<F = Filter> {
	/** 1 to 200 characters; only the host sees it. */
	readonly name: string;
	/** Makes it dynamic: whoever matches at the moment belongs to it. It may ask about other segments. @default static */
	readonly filter?: F | null | undefined;
}

/** Changes of a segment: absent or `undefined` leaves alone. */
export interface SegmentChanges<F = Filter> {
	/** 1 to 200 characters. */
	readonly name?: string | undefined;
	/** Another filter, of a dynamic segment. */
	readonly filter?: F | undefined;
}

const name = checked((value) =>
	checkText(value, "name", { max: 200, tooLong: "segment_name_invalid", empty: "segment_name_invalid" }),
);
const filter = checked((value) => checkFilter(value));
const newSegment = z.strictObject({ name, filter: filter.nullish() });
const segmentChanges = z.strictObject({ name: name.optional(), filter: filter.optional() });

/** `audience.segments`: internal groups of contacts. */
export class Segments<F = Filter> {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/**
	 * Creates a segment: static and without members, or dynamic by a filter.
	 *
	 * @throws `invalid_input` with `segment_name_invalid`, for the filter, or with `filter_too_large` over 500 conditions
	 * together with those of the segments it asks about; `not_found` for a segment or topic in it.
	 */
	async create(segment: NewSegment<F>): Promise<Segment> {
		const given = checkInput(newSegment, segment, "segment");
		const { newId, clock, tenant } = this.#context;
		const definition = given.filter ?? null;
		const created: SegmentRecord = {
			id: newId(),
			name: given.name,
			filter: definition,
			uses: definition === null ? [] : usesOfFilter(definition),
			createdAt: clock.now(),
		};
		if (definition !== null) await this.#requireFilter(definition);
		if (await tenant.insertSegment(created)) return toSegment(created);
		// What the filter asks about was removed meanwhile: the next look tells.
		return this.create(segment);
	}

	/** @throws `not_found`. */
	async get(id: string): Promise<Segment> {
		return toSegment(await this.#find(id));
	}

	/** Lists segments, newest first. */
	list(options: ListOptions = {}): Promise<Page<Segment>> {
		return readPage(options, (page) => this.#context.tenant.pageSegments(page), toSegment);
	}

	/** Writes all segments as a file, newest first, in pieces. @throws `invalid_input` for the options. */
	export(options: TableOptions = {}): AsyncGenerator<string, void, undefined> {
		const list = this.list.bind(this);
		return exportPages(this.#context.clock, SEGMENT_COLUMNS, options, { list, idOf: ({ id }) => id });
	}

	/** Counts the contacts that belong to a segment now. @throws `not_found`. */
	async count(id: string): Promise<number> {
		const { id: segmentId } = await this.#find(id);
		return this.#context.tenant.countContacts(await bindTargetFilter(this.#context, { segmentId }));
	}

	/**
	 * Changes a segment. Broadcasts that are planned already keep their recipients.
	 *
	 * @throws `not_found`; `invalid_input` as `create`, and with `segment_cycle` for a filter that asks about the segment
	 * itself, perhaps through others; `invalid_state` with `segment_is_static` for the filter of a static one.
	 */
	async update(id: string, changes: SegmentChanges<F>): Promise<Segment> {
		const given = checkInput(segmentChanges, changes, "changes");
		const segment = await this.#find(id);
		const definition = given.filter;
		if (definition !== undefined) {
			if (segment.filter === null) throw isStatic();
			await this.#requireFilter(definition, segment.id);
		}
		const updated = {
			...(given.name !== undefined && { name: given.name }),
			...(definition !== undefined && { filter: definition, uses: usesOfFilter(definition) }),
		};
		if (await this.#context.tenant.updateSegment(segment.id, updated)) return this.get(segment.id);
		// It, or what the filter asks about, was removed meanwhile: the next look tells.
		return this.update(id, changes);
	}

	/**
	 * Removes a segment; its contacts stay.
	 *
	 * @throws `not_found`; `invalid_state` with `segment_in_use`, while a broadcast is under way with it or another segment
	 * asks about it.
	 */
	async remove(id: string): Promise<void> {
		const outcome = await this.#context.tenant.deleteSegment(checkId(id, "id"));
		if (outcome === "missing") throw notFound("segment");
		if (outcome === "in_use") throw inUse("segment");
	}

	async #find(id: string): Promise<SegmentRecord> {
		const [segment] = await this.#context.tenant.findSegments([checkId(id, "id")]);
		if (segment === undefined) throw notFound("segment");
		return segment;
	}

	async #requireFilter(definition: Filter, id?: string): Promise<void> {
		await requireFilter(this.#context, definition, id);
		await new Properties(this.#context).writeDeclared();
	}
}

/** What callers see of a segment. */
export function toSegment({ uses: _uses, ...segment }: SegmentRecord): Segment {
	return segment;
}

function isStatic(): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: "segment_is_static",
		resource: "segment",
		message: "The segment is static, with members: create a dynamic one for the filter.",
	});
}
