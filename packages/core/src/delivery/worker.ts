import { announceError } from "../announcer.ts";
import { checkFields } from "../check-input.ts";
import type { AudienceContext, TenantContext } from "../context.ts";
import { ConvokeError } from "../errors.ts";
import { checkId } from "../ids.ts";
import type { Backlog, SliceLease } from "../ports/storage.ts";
import type { Transport } from "../ports/transport.ts";
import { tenantContext } from "../resources/preferences.ts";
import { BROADCAST_MOVES } from "../rules/broadcast-moves.ts";
import { checkTenantId, DEFAULT_TENANT } from "../tenant-id.ts";
import { advanceBroadcast, closeDue, doDueWork, isStorageFailure } from "./due-work.ts";
import { prepareBroadcast } from "./prepared-broadcast.ts";
import type { PreparedBroadcast } from "./prepared-broadcast.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { DomainGate } from "./domain-gate.ts";
import { SenderGate } from "./sender-gate.ts";
import { SliceRun } from "./slice-run.ts";
import type { StepReport } from "./slice-run.ts";
import { checkRunLimits, checkStop, checkWorkerOptions } from "./worker-options.ts";
import type { RunEnd, RunLimits, StopOptions, WorkerOptions, WorkerSettings } from "./worker-options.ts";

/** What a run did. */
export interface RunReport {
	/** Messages that transports accepted. */
	readonly sent: number;
	/**
	 * Recipients that are still waiting, and broadcasts that are due to be planned, each counted as one; over all tenants,
	 * or of the job's broadcast alone. 0 says that everything due is done.
	 */
	readonly remaining: number;
}

/** A broadcast of which a host's own queue has a slice sent. */
export interface SliceJob {
	/** Whose. @default "default" */
	readonly tenantId?: string | undefined;
	/** Which. */
	readonly broadcastId: string;
}

/** What a worker is doing: `start`, or one `run` or `runSlice`. */
interface Activity {
	readonly isLoop: boolean;
	readonly stop: AbortController;
	/** Never rejects. */
	readonly ended: Promise<unknown>;
}

/** What a worker knows of a transport. */
interface Account {
	readonly breaker: CircuitBreaker;
	/** By rate limit: senders of one transport may have different ones. */
	readonly gates: Map<string, SenderGate>;
}

/** A broadcast and whose it is. */
interface OneBroadcast {
	readonly tenantId: string;
	readonly broadcastId: string;
}

/** How a worker is. */
export interface WorkerHealth {
	/** Whether `start` is in force. */
	readonly running: boolean;
	/** Messages being handed over now. */
	readonly inFlight: number;
	/** What is waiting, over all tenants. */
	readonly backlog: Backlog;
	/** The last failure, also of an account that a transport sends through; without addresses. */
	readonly lastError: { readonly reason: string; readonly at: Date } | undefined;
}

/** Milliseconds that a slice is kept while its sender may send nothing. */
const LONGEST_HOLD_MS = 60_000;

// Without a reason given, each abort makes an error with a stack.
const WOKEN = "woken";

/**
 * Plans and sends what is due, for all tenants of an audience. Any number of workers may share a storage. At most
 * `concurrency` recipients are marked `sending` by it at any moment.
 */
export class Worker {
	readonly #context: AudienceContext;
	readonly #settings: WorkerSettings;
	readonly #owner: string;
	readonly #runs = new Set<SliceRun>();
	readonly #refused = new Map<PreparedBroadcast, string>();
	readonly #accounts = new WeakMap<Transport, Account>();
	readonly #domains: DomainGate | undefined;
	/** Until when broadcasts are left alone, on the monotonic clock: their senders may send nothing for so long. */
	readonly #heldBroadcasts = new Map<string, number>();
	#wake: () => void = () => {};
	#nextLook = 0;
	#active: Activity | undefined;
	#lastError: WorkerHealth["lastError"];
	/** The first failure of the present run that did not end it. */
	#failure: { readonly error: unknown } | undefined;

	constructor(context: AudienceContext, options: WorkerOptions = {}) {
		this.#context = context;
		this.#settings = checkWorkerOptions(options);
		this.#owner = context.newId();
		const { perDomain } = this.#settings;
		this.#domains = perDomain === undefined ? undefined : new DomainGate(perDomain);
	}

	/**
	 * Does what is due and returns: for a cron job, a serverless function or a test. Messages that must wait (a retry, a
	 * lease of another worker) remain.
	 *
	 * @throws `invalid_input` for the limits; `invalid_state` with `worker_busy` when this worker is running or started.
	 * What the storage throws, after every message in flight has ended; what it did not record this worker records when it
	 * runs again. What kept a single broadcast from being planned or sent, such as an error of the `sender` resolver, after
	 * everything else was done.
	 */
	async run(limits: RunLimits = {}): Promise<RunReport> {
		return this.#once(checkRunLimits(limits), async (end) => {
			const sent = await this.#work(end);
			const unbegun = await closeDue(this.#context);
			if (this.#failure !== undefined) throw this.#failure.error;
			const { recipients } = await this.#context.storage.measureBacklog();
			return { sent, remaining: recipients + unbegun };
		});
	}

	/** Works until `stop`. A failure is kept for `health` and tried again after the poll interval. */
	start(): void {
		if (this.#active !== undefined) throw busy();
		const stop = new AbortController();
		this.#active = { isLoop: true, stop, ended: this.#forever(stop.signal) };
	}

	/**
	 * Begins no more messages, waits for those being handed over, and gives everything else back, also of a `run` or
	 * `runSlice` that has not ended, which then answers with what it did. Answers with how many are
	 * still being handed over when the time is up: end the process now, and nobody knows whether those were sent.
	 *
	 * @throws `invalid_input` with `invalid_option`.
	 */
	async stop(options: StopOptions = {}): Promise<{ readonly inFlight: number }> {
		const timeoutMs = checkStop(options);
		const active = this.#active;
		if (active === undefined) return { inFlight: 0 };
		active.stop.abort();
		this.#wake();
		const ended = this.#endOf(active);
		if (timeoutMs === undefined) await ended;
		else await this.#endedWithin(ended, timeoutMs);
		return { inFlight: this.#inFlight };
	}

	async #endOf(active: Activity): Promise<void> {
		await active.ended;
		if (this.#active === active) this.#active = undefined;
	}

	/** Does a piece of work that `stop` ends too. @throws `invalid_state` with `worker_busy`. */
	async #once<T>({ signal, ...limits }: RunEnd, work: (end: RunEnd) => Promise<T>): Promise<T> {
		if (this.#active !== undefined) throw busy();
		const stop = new AbortController();
		const signals = signal === undefined ? [stop.signal] : [signal, stop.signal];
		const doing = work({ ...limits, signal: AbortSignal.any(signals) });
		const active = { isLoop: false, stop, ended: Promise.allSettled([doing]) };
		this.#active = active;
		try {
			return await doing;
		} finally {
			await this.#endOf(active);
		}
	}

	async #endedWithin(ended: Promise<void>, timeoutMs: number): Promise<void> {
		const done = new AbortController();
		await Promise.race([ended, this.#context.clock.sleep(timeoutMs, done.signal)]);
		done.abort(WOKEN);
	}

	/**
	 * Does one piece of work of one broadcast, so that a host's own queue may drive it: starts it when its time has come,
	 * plans it, and sends what is due of one slice. Any number of jobs of a broadcast may run at once, each in a worker of
	 * its own; as long as the report has something remaining, another job finds work, now or when a retry is due.
	 *
	 * @throws `not_found`; `invalid_input` for the job; as `run` otherwise.
	 */
	async runSlice(job: SliceJob, limits: RunLimits = {}): Promise<RunReport> {
		const given = checkRunLimits(limits);
		checkFields(job, "job", ["tenantId", "broadcastId"]);
		const { tenantId = DEFAULT_TENANT } = job;
		const of = {
			tenantId: checkTenantId(tenantId, "tenantId"),
			broadcastId: checkId(job.broadcastId, "broadcastId"),
		};
		return this.#once(given, async (end) => {
			const context = tenantContext(this.#context, of.tenantId);
			await advanceBroadcast(context, of.broadcastId, end.signal);
			const sent = await this.#work(end, of);
			const status = await advanceBroadcast(context, of.broadcastId, end.signal);
			if (this.#failure !== undefined) throw this.#failure.error;
			const { pending, sending } = await context.tenant.tallyBroadcast(of.broadcastId);
			return { sent, remaining: pending + sending + (status === "queued" ? 1 : 0) };
		});
	}

	/** How the worker and its backlog are. */
	async health(): Promise<WorkerHealth> {
		return {
			running: this.#active?.isLoop === true,
			inFlight: this.#inFlight,
			backlog: await this.#context.storage.measureBacklog(),
			lastError: this.#lastError,
		};
	}

	get #inFlight(): number {
		let sum = 0;
		for (const run of this.#runs) sum += run.inFlight;
		return sum;
	}

	/** Hand-overs that have ended and are not recorded. */
	get #unrecorded(): number {
		let sum = 0;
		for (const run of this.#runs) sum += run.sending - run.inFlight;
		return sum;
	}

	/** Places that are free for a run, which records what has ended before it takes them. */
	#placesFor(run: SliceRun | undefined): number {
		let taken = 0;
		for (const each of this.#runs) taken += each === run ? each.inFlight : each.sending;
		return this.#settings.concurrency - taken;
	}

	async #forever(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			try {
				await this.#work(checkRunLimits({ signal }));
			} catch (error) {
				this.#failed(error);
			}
			if (!signal.aborted) await this.#context.clock.sleep(this.#settings.pollMs, signal);
		}
	}

	#failed(error: unknown): void {
		announceError(error);
		this.#note(ConvokeError.is(error) ? error.reason : "unexpected_error");
		this.#failure ??= { error };
	}

	#note(reason: string): void {
		this.#lastError = { reason, at: this.#context.clock.now() };
	}

	/** Does what is due; with `only`, one slice of one broadcast. */
	async #work(limits: RunEnd, only?: OneBroadcast): Promise<number> {
		let sent = 0;
		let begun = 0;
		this.#failure = undefined;
		try {
			if (only !== undefined && this.#mayBegin(limits)) await this.#claim({ of: only });
			for (;;) {
				await this.#pauseRefused();
				const left = this.#mayBegin(limits) ? limits.maxMessages - begun : 0;
				const report = await this.#stepRuns(left);
				sent += report.sent;
				begun += report.begun;
				if (only === undefined && report.begun < left && (await this.#lookForWork(limits))) continue;
				if (this.#runs.size === 0) return sent;
				await this.#settledOrDue();
			}
		} catch (error) {
			await this.#windDown();
			throw error;
		}
	}

	#mayBegin({ until, signal }: RunEnd): boolean {
		return signal?.aborted !== true && (until === undefined || this.#context.clock.now() < until);
	}

	/** Records what has ended, begins up to `left` messages in free places, gives ended slices back. */
	async #stepRuns(left: number): Promise<StepReport> {
		let sent = 0;
		let begun = 0;
		for (const run of this.#runs) {
			if (begun >= left) run.drain();
			const wanted = run.drained ? 0 : Math.min(left - begun, this.#placesFor(run));
			const places = wanted > 0 ? await run.gate.admit(wanted) : 0;
			if (wanted > 0 && places === 0) this.#letGo(run);
			const steps = [];
			if (!run.ended && (places > 0 || run.needsStep)) steps.push(await run.step(places));
			if (run.stopped) this.#stop(run.broadcast);
			if (run.ended) {
				steps.push(await run.release());
				this.#runs.delete(run);
				if (![...this.#runs].some(({ gate }) => gate === run.gate)) await run.gate.giveBack();
			}
			for (const step of steps) {
				sent += step.sent;
				begun += step.begun;
			}
		}
		return { sent, begun };
	}

	/** Gives a slice back whose sender may send nothing for long. */
	#letGo(run: SliceRun): void {
		const { heldUntil } = run.gate;
		if (heldUntil - this.#context.clock.monotonic() <= LONGEST_HOLD_MS) return;
		this.#heldBroadcasts.set(run.broadcast.broadcastId, heldUntil);
		run.drain();
	}

	/** Broadcasts that no slice is to be taken of: their senders may send nothing for now. */
	#held(): readonly string[] {
		const now = this.#context.clock.monotonic();
		for (const [id, until] of this.#heldBroadcasts) if (until <= now) this.#heldBroadcasts.delete(id);
		const waiting = [...this.#runs].filter((run) => isHeld(run, now)).map(({ broadcast }) => broadcast.broadcastId);
		return [...new Set([...this.#heldBroadcasts.keys(), ...waiting])];
	}

	/**
	 * Takes another slice when there are free places that no slice at hand can fill, else other due work. Looks again at
	 * once as long as it finds something, and at most every poll interval while messages are in flight.
	 */
	async #lookForWork(limits: RunEnd): Promise<boolean> {
		const { clock } = this.#context;
		const idle = this.#runs.size === 0;
		if (this.#placesFor(undefined) <= 0) return false;
		const now = clock.monotonic();
		for (const run of this.#runs) if (!run.drained && !isHeld(run, now)) return false;
		if (!idle && now < this.#nextLook) return false;
		if (await this.#claim({ except: this.#held() })) {
			this.#nextLook = 0;
			return true;
		}
		const { progressed, failures } = await doDueWork(this.#context, limits.signal);
		this.#nextLook = progressed ? 0 : clock.monotonic() + this.#settings.pollMs;
		for (const failure of failures) this.#failed(failure);
		return progressed;
	}

	/** Takes a slice that may be sent, if there is one. */
	async #claim(which: { readonly of: OneBroadcast } | { readonly except: readonly string[] }): Promise<boolean> {
		const { clock, storage } = this.#context;
		const { leaseMs } = this.#settings;
		// The storage's lease begins no earlier.
		const before = clock.monotonic();
		const lease = await storage.claimSlice({ owner: this.#owner, leaseMs, at: clock.now(), ...which });
		if (lease === undefined) return false;
		await this.#take(lease, before + leaseMs);
		return true;
	}

	async #take(lease: SliceLease, leaseEnd: number): Promise<void> {
		const broadcast = await this.#prepareOrPause(lease);
		if (broadcast === undefined) return;
		const sender = this.#gateOf(broadcast);
		const events = {
			settled: () => this.#wake(),
			troubled: (reason: string) => this.#note(reason),
			tripped: (reason: string) => {
				this.#note(reason);
				for (const run of this.#runs) {
					if (run.broadcast.transport === broadcast.transport) this.#refused.set(run.broadcast, reason);
				}
			},
		};
		const gates = { sender, domains: this.#domains };
		this.#runs.add(new SliceRun(broadcast, lease, leaseEnd, this.#settings, gates, events));
	}

	/** Kept as long as the transport: what is known of an account outlives a slice. */
	#gateOf({ transport, rateLimit }: PreparedBroadcast): SenderGate {
		const account = this.#accounts.get(transport) ?? { breaker: new CircuitBreaker(), gates: new Map() };
		this.#accounts.set(transport, account);
		const limit = JSON.stringify(rateLimit ?? null);
		const { storage, clock } = this.#context;
		const gate = account.gates.get(limit) ?? new SenderGate(storage, clock, rateLimit, account.breaker);
		account.gates.set(limit, gate);
		return gate;
	}

	/** Pauses a broadcast that cannot be made ready: whoever mends it resumes it. */
	async #prepareOrPause(lease: SliceLease): Promise<PreparedBroadcast | undefined> {
		try {
			return await this.#prepare(lease);
		} catch (error) {
			if (isStorageFailure(error)) throw error;
			this.#failed(error);
			const reason = ConvokeError.is(error) ? error.reason : "sender_failed";
			const context = tenantContext(this.#context, lease.tenantId);
			await pauseBroadcast(context, lease.broadcastId, reason);
			await giveBack(context, lease);
			return undefined;
		}
	}

	/** Shared with the runs at hand, but not with a stopped one: whoever resumes a broadcast may have mended its sender. */
	async #prepare({ tenantId, broadcastId }: SliceLease): Promise<PreparedBroadcast> {
		for (const { broadcast, stopped } of this.#runs) {
			if (!stopped && broadcast.broadcastId === broadcastId && broadcast.context.tenantId === tenantId)
				return broadcast;
		}
		return prepareBroadcast(tenantContext(this.#context, tenantId), broadcastId);
	}

	async #pauseRefused(): Promise<void> {
		for (const [broadcast, reason] of this.#refused) {
			this.#stop(broadcast);
			await pauseBroadcast(broadcast.context, broadcast.broadcastId, reason);
		}
		this.#refused.clear();
	}

	#stop(broadcast: PreparedBroadcast): void {
		for (const run of this.#runs) if (run.broadcast === broadcast) run.stop();
	}

	/** Waits until a hand-over has ended, or a lease should be prolonged or work looked for. */
	async #settledOrDue(): Promise<void> {
		const { clock } = this.#context;
		const woken = new AbortController();
		this.#wake = () => woken.abort(WOKEN);
		const ready = [...this.#runs].some((run) => run.needsStep);
		if (!ready) await clock.sleep(this.#untilNextStep(), woken.signal);
		this.#wake = () => {};
		await this.#gatherEnded();
	}

	/**
	 * Hand-overs tend to end together: waits as long as each turn of the event loop brings more of them, up to half of the
	 * window, so that they are recorded, and their places filled, in one unit.
	 */
	async #gatherEnded(): Promise<void> {
		let before: number;
		do {
			before = this.#unrecorded;
			await this.#context.clock.pause();
		} while (this.#unrecorded > before && this.#unrecorded * 2 < this.#settings.concurrency);
	}

	/** Milliseconds until a lease should be prolonged, work looked for, or a sender asked again. */
	#untilNextStep(): number {
		const now = this.#context.clock.monotonic();
		let ms = Math.min(this.#settings.leaseMs / 3, this.#settings.pollMs);
		for (const run of this.#runs) if (isHeld(run, now)) ms = Math.min(ms, run.gate.heldUntil - now);
		return Math.max(1, ms);
	}

	/** After a failure: waits for what is in flight, and records it, or keeps it until the storage is there again. */
	async #windDown(): Promise<void> {
		for (const run of this.#runs) run.drain();
		while (this.#inFlight > 0) await this.#settledInFlight();
		for (const run of this.#runs) {
			// The failure that led here is the one to report. What a full disk, for one, does not take now this worker records
			// when it works again, so that nobody is mailed twice.
			if (await released(run)) this.#runs.delete(run);
		}
	}

	async #settledInFlight(): Promise<void> {
		const woken = new AbortController();
		this.#wake = () => woken.abort(WOKEN);
		await this.#context.clock.sleep(this.#settings.pollMs, woken.signal);
	}
}

/** Whether a run could begin messages, but its sender may not for now. */
function isHeld(run: SliceRun, now: number): boolean {
	return !run.drained && run.gate.heldUntil > now;
}

async function pauseBroadcast({ tenant, clock }: TenantContext, id: string, reason: string): Promise<void> {
	const changes = { status: "paused" as const, statusReason: reason, updatedAt: clock.now() };
	await tenant.moveBroadcast({ id, from: BROADCAST_MOVES.pause, changes });
}

/** Whether a run is done with; only a storage that may be there again later is worth another attempt. */
async function released(run: SliceRun): Promise<boolean> {
	try {
		await run.release();
		return true;
	} catch (error) {
		return !ConvokeError.is(error) || error.code !== "storage_unavailable";
	}
}

async function giveBack({ tenant, clock }: TenantContext, lease: SliceLease): Promise<void> {
	const nothing = { outcomes: [], mark: 0, rules: [], onInterrupted: "resend" } as const;
	await tenant.advanceSlice({ lease, leaseMs: 0, at: clock.now(), ...nothing });
}

function busy(): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: "worker_busy",
		message: "This worker is working already; make another one, or stop it first.",
	});
}
