import { isDeepStrictEqual } from "node:util";
import type { Storage, TenantStorage } from "../../src/ports/storage.ts";

/** A verb of the storage port. */
export type Verb = keyof Storage | keyof TenantStorage;

/** Turns a sound storage into a broken one. */
export type Break = (storage: Storage) => Storage;

/** The four ways in which each verb is broken. */
export interface Saboteurs {
	/** Acts on nothing and answers as if it had; a read finds nothing. */
	readonly doesNothing: Break;
	/** Acts, and says something else. */
	readonly wrongAnswer: Break;
	/** Acts on every tenant at once; a read looks into the first tenant that was opened. */
	readonly forgetsTenant: Break;
	/** Acts by halves, too late, or beside others; a read hands out what others can change, or mixes two moments. */
	readonly notAtomic: Break;
}

/** What a broken verb has at hand: the sound verb of its own tenant, and the other tenants. */
export interface Scene<Key extends keyof TenantStorage> {
	readonly storage: Storage;
	readonly tenant: TenantStorage;
	/** The sound verb. */
	readonly run: (...input: Parameters<TenantStorage[Key]>) => Promise<Answer<Key>>;
	/** Every tenant that was opened, in order. */
	readonly opened: readonly TenantStorage[];
}

/** What a tenant's verb answers. */
export type Answer<Key extends keyof TenantStorage> = TenantStorage[Key] extends (
	...input: never
) => Promise<infer Output>
	? Output
	: never;

/** The same object with some members replaced. */
export function overriding<Target extends object>(target: Target, replaced: Partial<Target>): Target {
	return new Proxy(target, {
		get(sound, key) {
			if (Object.hasOwn(replaced, key)) return Reflect.get(replaced, key);
			const member: unknown = Reflect.get(sound, key);
			return typeof member === "function" ? member.bind(sound) : member;
		},
	});
}

/** Keeps the names of tenants in the order they were opened. */
export function watching(storage: Storage): { readonly names: string[]; readonly watched: Storage } {
	const names: string[] = [];
	const forTenant = (tenantId: string): TenantStorage => {
		if (!names.includes(tenantId)) names.push(tenantId);
		return storage.forTenant(tenantId);
	};
	return { names, watched: overriding(storage, { forTenant }) };
}

/** Breaks verbs of every tenant. `replace` is called once for each tenant. */
export function inTenant(
	replace: (tenant: TenantStorage, opened: readonly TenantStorage[], storage: Storage) => Partial<TenantStorage>,
): Break {
	return (storage) => {
		const opened: TenantStorage[] = [];
		const broken = new Map<string, TenantStorage>();
		const forTenant = (tenantId: string): TenantStorage => {
			const known = broken.get(tenantId);
			if (known !== undefined) return known;
			const sound = storage.forTenant(tenantId);
			opened.push(sound);
			const made = overriding(sound, replace(sound, opened, storage));
			broken.set(tenantId, made);
			return made;
		};
		return overriding(storage, { forTenant });
	};
}

/** Breaks one verb of every tenant. */
export function verb<Key extends keyof TenantStorage>(
	key: Key,
	act: (scene: Scene<Key>, ...input: Parameters<TenantStorage[Key]>) => Promise<Answer<Key>>,
): Break {
	return inTenant((tenant, opened, storage) => {
		const scene: Scene<Key> = { storage, tenant, opened, run: (...input) => call(tenant, key, input) };
		const broken: Partial<TenantStorage> = {};
		Reflect.set(broken, key, (...input: Parameters<TenantStorage[Key]>) => act(scene, ...input));
		return broken;
	});
}

/** Calls a verb of a tenant. */
export function call<Key extends keyof TenantStorage>(
	tenant: TenantStorage,
	key: Key,
	input: Parameters<TenantStorage[Key]>,
): Promise<Answer<Key>> {
	const answer: unknown = Reflect.apply(tenant[key], tenant, input);
	return answer as Promise<Answer<Key>>;
}

/** Answers this and does nothing. */
export function silent<Key extends keyof TenantStorage>(key: Key, answer: Answer<Key>): Break {
	return verb(key, async () => structuredClone(answer));
}

/** Does its work and says something else. */
export function lying<Key extends keyof TenantStorage>(key: Key, distort: (answer: Answer<Key>) => Answer<Key>): Break {
	return verb(key, async ({ run }, ...input) => distort(await run(...input)));
}

/** Looks into the first tenant that was opened. */
export function strayingRead(key: keyof TenantStorage): Break {
	return verb(key, ({ opened, tenant }, ...input) => call(opened[0] ?? tenant, key, input));
}

/** Acts on every tenant, as a statement without a condition on the tenant does. */
export function strayingWrite(key: keyof TenantStorage): Break {
	return verb(key, async ({ opened, tenant, run }, ...input) => {
		for (const other of opened) if (other !== tenant) await call(other, key, input);
		return run(...input);
	});
}

/** Answers with one object again and again, as long as it is right: whoever changes it changes the next answer. */
export function sharing(key: keyof TenantStorage): Break {
	return inTenant((tenant) => {
		const broken: Partial<TenantStorage> = {};
		const share = shared((...input: Parameters<TenantStorage[typeof key]>) => call(tenant, key, input));
		Reflect.set(broken, key, share);
		return broken;
	});
}

/** The same function, answering with one object as long as it is right. */
export function shared<Input extends readonly unknown[], Output>(
	read: (...input: Input) => Promise<Output>,
): (...input: Input) => Promise<Output> {
	const known: { readonly input: Input; readonly live: Output; readonly pristine: Output }[] = [];
	return async (...input) => {
		const answer = await read(...input);
		const before = known.find((one) => isDeepStrictEqual(one.input, input) && isDeepStrictEqual(one.pristine, answer));
		if (before !== undefined) return before.live;
		known.push({ input: structuredClone(input), live: answer, pristine: structuredClone(answer) });
		return answer;
	};
}

/** Finds out whether it may act, lets others go first, then acts whatever they did. */
export function hesitating<Key extends keyof TenantStorage>(
	key: Key,
	mayAct: (tenant: TenantStorage, ...input: Parameters<TenantStorage[Key]>) => Promise<Answer<Key>>,
): Break {
	return verb(key, async ({ tenant, run }, ...input) => {
		const answer = await mayAct(tenant, ...input);
		await nextTurn();
		await run(...input);
		return answer;
	});
}

/** Answers at once and acts afterwards. */
export function procrastinating<Key extends keyof TenantStorage>(
	key: Key,
	mayAct: (tenant: TenantStorage, ...input: Parameters<TenantStorage[Key]>) => Promise<Answer<Key>>,
): Break {
	return verb(key, async ({ tenant, run }, ...input) => {
		const given = structuredClone(input);
		const answer = await mayAct(tenant, ...input);
		setImmediate(() => void run(...given));
		return answer;
	});
}

/** Gives those who ask at the same moment one and the same answer. */
export function coalescing<Input extends readonly unknown[], Output>(
	act: (...input: Input) => Promise<Output>,
): (...input: Input) => Promise<Output> {
	let current: Promise<Output> | undefined;
	return async (...input) => {
		if (current === undefined) {
			current = act(...input);
			setImmediate(() => {
				current = undefined;
			});
		}
		return current;
	};
}

/** Lets everything else that waits go first. */
export function nextTurn(): Promise<void> {
	return new Promise((resolve) => {
		setImmediate(resolve);
	});
}
