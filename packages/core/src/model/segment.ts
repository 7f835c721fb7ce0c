/** An internal group of contacts. */
export interface Segment {
	/** UUIDv7. */
	readonly id: string;
	/** 1 to 200 characters; only the host sees it. */
	readonly name: string;
	/** When it was created. */
	readonly createdAt: Date;
}
