import { Refused } from "./refused.ts";

/** How long one request may take. */
export class Deadline {
	#awaits: "body" | "storage" = "storage";

	/** Notes that the client has to send something now. */
	async reading<T>(work: Promise<T>): Promise<T> {
		this.#awaits = "body";
		const result = await work;
		this.#awaits = "storage";
		return result;
	}

	/** Answers in time. @throws Refused 408 when the client was too slow, 503 when we were. */
	async within<T>(ms: number, work: Promise<T>): Promise<T> {
		let timer: ReturnType<typeof setTimeout> | undefined;
		const late = new Promise<never>((_, reject) => {
			timer = setTimeout(() => {
				reject(this.#awaits === "body" ? new Refused(408, "body_timeout") : new Refused(503, "timeout"));
			}, ms);
		});
		try {
			return await Promise.race([work, late]);
		} finally {
			clearTimeout(timer);
		}
	}
}
