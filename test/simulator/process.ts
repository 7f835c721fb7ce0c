import type { Clock, Message, Storage, TenantStorage, Transport, TransportOutcome } from "@convoke/core";
import { ConvokeError } from "@convoke/core";
import type { Timeline } from "./timeline.ts";

/** The beginning of simulated time. */
const EPOCH = Date.parse("2026-03-01T09:00:00Z");

/** Where something may be done to a process: before or after one of its calls. */
export interface CrashPoint {
	/** A verb of the storage, or `send` of the transport. */
	readonly call: string;
	readonly when: "before" | "after";
}

/** What is done there. `fail`: the call fails, though after its work was done; `hang`: it never answers. */
export type Blow = "none" | "kill" | "fail" | "hang";

/** Decides what happens at each point. */
export type Fate = (point: CrashPoint, process: SimulatedProcess) => Blow;

/** What a process depends on. */
export interface ProcessParts {
	readonly timeline: Timeline;
	/** Milliseconds that a call takes each way. */
	readonly latency: () => number;
	readonly fate: Fate;
}

/** The line of a process to a provider. */
export interface ProviderLine {
	readonly isIdempotent: boolean;
	/** A message is about to go. */
	begin(message: Message): void;
	/** It is there. */
	take(message: Message): TransportOutcome;
	/** The answer is lost. */
	lose(message: Message): TransportOutcome;
}

/** A process: dies without a trace, stands still, and waits for everything it calls. */
export class SimulatedProcess {
	readonly #parts: ProcessParts;
	#isDead = false;
	#frozenUntil = 0;
	#stall: { readonly call: string; readonly ms: number } | undefined;
	readonly #underWay = new Set<object>();
	/** Whether it has ever stood still. */
	wasFrozen = false;
	/** For how long it has stood still, in milliseconds. */
	stoodStillMs = 0;

	constructor(parts: ProcessParts) {
		this.#parts = parts;
	}

	/** Messages that it is handing over and waits for. */
	get inFlight(): number {
		return this.#underWay.size;
	}

	/** Whether it has been killed. */
	get isDead(): boolean {
		return this.#isDead;
	}

	/** Ends it: nothing that it waits for ever comes. */
	kill(): void {
		this.#isDead = true;
	}

	/** Lets it stand still for so long as soon as a call of this name has done its work, before it hears of it. */
	stallAfter(call: string, ms: number): void {
		this.#stall = { call, ms };
	}

	/** Lets it stand still for so long. */
	freeze(ms: number): void {
		this.wasFrozen = true;
		this.stoodStillMs += ms;
		this.#frozenUntil = this.#parts.timeline.now + ms;
	}

	/** Its clock. */
	get clock(): Clock {
		const { timeline } = this.#parts;
		return {
			now: () => new Date(EPOCH + timeline.now),
			monotonic: () => timeline.now,
			sleep: async (ms, signal) => {
				if (signal?.aborted === true) return;
				await new Promise<void>((resolve) => {
					const end = (): void => {
						callOff();
						signal?.removeEventListener("abort", end);
						resolve();
					};
					const callOff = timeline.after(ms, end);
					signal?.addEventListener("abort", end);
				});
				await this.#goOn();
			},
			pause: async () => {
				await timeline.wait(0);
				await this.#goOn();
			},
		};
	}

	/** Its connection to a storage. */
	storage(sound: Storage): Storage {
		const ofTenant = (tenant: TenantStorage): TenantStorage => this.#remote(tenant);
		return this.#remote(sound, (tenantId: string) => ofTenant(sound.forTenant(tenantId)));
	}

	/** Its connection to a provider. */
	transport(provider: ProviderLine): Transport {
		return {
			name: "simulated",
			idempotent: provider.isIdempotent,
			smtputf8: true,
			send: (message, signal) => {
				provider.begin(message);
				const handOver = {};
				this.#underWay.add(handOver);
				// Nobody waits any longer for what has an answer, or was given up.
				const end = (): void => void this.#underWay.delete(handOver);
				signal.addEventListener("abort", end);
				return this.#call(
					"send",
					async () => provider.take(message),
					() => provider.lose(message),
				).finally(end);
			},
			close: async () => {},
		};
	}

	#remote<Target extends object>(target: Target, forTenant?: unknown): Target {
		return new Proxy(target, {
			get: (sound, name) => {
				if (name === "forTenant" && forTenant !== undefined) return forTenant;
				const member: unknown = Reflect.get(sound, name);
				if (typeof member !== "function" || typeof name !== "string") return member;
				return (...args: readonly unknown[]) =>
					this.#call(name, async () => (await Reflect.apply(member, sound, args)) as unknown, unavailable);
			},
		});
	}

	async #call<Answer>(call: string, act: () => Promise<Answer>, failed: () => Answer): Promise<Answer> {
		const { timeline, latency, fate } = this.#parts;
		await timeline.wait(latency());
		await this.#goOn();
		if (await this.#suffer(fate({ call, when: "before" }, this))) return failed();
		const answer = await act();
		const blow = fate({ call, when: "after" }, this);
		if (this.#stall?.call === call) {
			this.freeze(this.#stall.ms);
			this.#stall = undefined;
		}
		await timeline.wait(latency());
		await this.#goOn();
		return (await this.#suffer(blow)) ? failed() : answer;
	}

	/** Answers whether the call has failed. */
	async #suffer(blow: Blow): Promise<boolean> {
		if (blow === "kill") this.kill();
		if (this.#isDead || blow === "hang") await new Promise(() => {});
		return blow === "fail";
	}

	/** Goes on when it does not stand still, and never when it is dead. */
	async #goOn(): Promise<void> {
		const { timeline } = this.#parts;
		while (!this.#isDead && timeline.now < this.#frozenUntil) await timeline.wait(this.#frozenUntil - timeline.now);
		if (this.#isDead) await new Promise(() => {});
	}
}

function unavailable(): never {
	throw new ConvokeError("storage_unavailable", { reason: "commit_unknown", message: "The connection was lost." });
}
