import type { Filter } from "../filter/filter.ts";

/** An internal group of contacts: static, with members, or dynamic, whoever a filter matches at the moment. */
export interface Segment {
	/** UUIDv7. */
	readonly id: string;
	/** 1 to 200 characters; only the host sees it. */
	readonly name: string;
	/** Who belongs to a dynamic segment; `null`: it is static. A segment stays what it is. */
	readonly filter: Filter | null;
	/** When it was created. */
	readonly createdAt: Date;
}

/** A segment as storages hold it. */
export interface SegmentRecord extends Segment {
	/**
	 * What its filter refers to, ascending: ids of segments and topics, and `properties.<key>`. None of it may be removed
	 * while the segment is there.
	 */
	readonly uses: readonly string[];
}
