/** Stands for a value that only a getter would give: no check takes a symbol. */
const UNREAD: unique symbol = Symbol("convoke.unread");

/**
 * The own enumerable entries of a plain object, each read once; `undefined` for everything else: class instances,
 * arrays, functions, proxies that throw.
 *
 * No getter is called: its value reads as a symbol. `__proto__` is a name like any other here. Objects of another realm
 * (test runners have them) are plain too.
 */
export function readPlainObject(value: unknown): ReadonlyMap<string, unknown> | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	try {
		return isPlain(value) ? readEntries(value) : undefined;
	} catch {
		return undefined;
	}
}

/** The elements of an array, each read once; `undefined` for everything else. A gap reads as `undefined`. */
export function readArray(value: unknown, max: number): readonly unknown[] | "too_long" | undefined {
	try {
		if (!Array.isArray(value)) return undefined;
		const { length } = value;
		if (length > max) return "too_long";
		return Array.from({ length }, (_, index) => readOwn(value, String(index)));
	} catch {
		return undefined;
	}
}

function isPlain(value: object): boolean {
	if (Array.isArray(value)) return false;
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function readEntries(value: object): ReadonlyMap<string, unknown> {
	return new Map(Object.keys(value).map((key) => [key, readOwn(value, key)]));
}

function readOwn(value: object, key: string): unknown {
	const descriptor = Object.getOwnPropertyDescriptor(value, key);
	return descriptor === undefined || "value" in descriptor ? descriptor?.value : UNREAD;
}
