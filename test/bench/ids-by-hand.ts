import { randomBytes } from "node:crypto";

let made = 0;

/** A UUIDv7 by hand: the time, and a counter. */
export function nextId(): string {
	made += 1;
	const time = Date.now().toString(16).padStart(12, "0");
	const count = made.toString(16).padStart(9, "0");
	const random = randomBytes(5).toString("hex");
	return `${time.slice(0, 8)}-${time.slice(8)}-7${count.slice(0, 3)}-8${count.slice(3, 6)}-${count.slice(6)}${random.slice(1)}`;
}
