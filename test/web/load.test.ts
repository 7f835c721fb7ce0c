import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";

/** A minute of it, or a tenth. */
const FULL = process.env["CONVOKE_FULL"] === "1";
/** A minute in one; otherwise a tenth of it, with as much rest between, so that noise of the machine meets both alike. */
const ROUNDS = FULL ? 1 : 3;
const SECONDS = FULL ? 60 : 2;
const BAD_PER_SECOND = 334;
const VALID_PER_SECOND = 50;
const BAD = ROUNDS * SECONDS * BAD_PER_SECOND;

const ONE_CLICK = "List-Unsubscribe=One-Click";

test(`${BAD} bad tokens in ${ROUNDS * SECONDS} s: none of them costs a valid one-click its answer`, {
	timeout: ROUNDS * SECONDS * 4000 + 30_000,
}, async () => {
	const folder = mkdtempSync(join(tmpdir(), "convoke-load-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	const program = join(import.meta.dirname, "programs", "serve-links.ts");
	const child = spawn(process.execPath, ["--conditions=@convoke/source", program, join(folder, "audience.db")], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	onTestFinished(async () => {
		child.kill();
		await once(child, "exit");
	});
	const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
	const read = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
	const rss = async (): Promise<number> => {
		child.stdin.write("\n");
		return ((await read()) as { readonly rss: number }).rss;
	};
	const { port, links } = (await read()) as { readonly port: number; readonly links: readonly string[] };
	const agent = new Agent({ keepAlive: true });
	onTestFinished(() => agent.destroy());

	const valid = (seconds: number) =>
		paced(VALID_PER_SECOND, seconds, (index) => post(agent, port, links[index % links.length] ?? ""));
	await valid(2);
	const [idle, loaded, bad]: [Timed[], Timed[], Timed[]] = [[], [], []];
	let before = 0;
	for (let round = 0; round < ROUNDS; round += 1) {
		idle.push(...(await valid(SECONDS)));
		before ||= await rss();
		const [good, refused] = await Promise.all([
			valid(SECONDS),
			paced(BAD_PER_SECOND, SECONDS, (index) => post(agent, port, `/mail/u/${badToken(bad.length + index)}`)),
		]);
		loaded.push(...good);
		bad.push(...refused);
	}
	const after = await rss();

	const figures = { idle: p99(idle), loaded: p99(loaded), bad: p99(bad), grownMB: (after - before) / 2 ** 20 };
	console.log(
		`one click, p99 in ms: ${JSON.stringify(figures, (_, value) => (typeof value === "number" ? Math.round(value * 10) / 10 : value))}`,
	);
	expect(new Set([...idle, ...loaded].map(({ status }) => status))).toEqual(new Set([200]));
	expect(new Set(bad.map(({ status }) => status))).toEqual(new Set([404]));
	expect(bad).toHaveLength(BAD);
	expect(figures.grownMB).toBeLessThan(50);
	// Times are told of any run, and held to on a machine that does nothing else.
	if (!FULL) return;
	expect(figures.loaded).toBeLessThan(5 * figures.idle);
	expect(figures.loaded).toBeLessThan(100);
});

interface Timed {
	readonly status: number;
	readonly ms: number;
}

/** Begins so many requests a second, whether or not the earlier ones are answered. */
async function paced(
	perSecond: number,
	seconds: number,
	send: (index: number) => Promise<Timed>,
): Promise<readonly Timed[]> {
	const start = performance.now();
	const answers: Promise<Timed>[] = [];
	for (let index = 0; index < perSecond * seconds; index += 1) {
		const due = start + (index * 1000) / perSecond;
		if (due > performance.now()) await pause(due - performance.now());
		answers.push(send(index));
	}
	return Promise.all(answers);
}

function post(agent: Agent, port: number, path: string): Promise<Timed> {
	const start = performance.now();
	return new Promise((resolve, reject) => {
		const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": ONE_CLICK.length };
		const request = httpRequest({ agent, port, host: "127.0.0.1", method: "POST", path, headers }, (response) => {
			response.resume();
			response.on("end", () => resolve({ status: response.statusCode ?? 0, ms: performance.now() - start }));
		});
		request.on("error", reject);
		request.end(ONE_CLICK);
	});
}

/** Of the right form and length, each another one. */
function badToken(index: number): string {
	const bytes = Buffer.alloc(66, 7);
	bytes.writeUInt8(1, 0);
	bytes.writeUInt32BE(index, 1);
	return bytes.toString("base64url");
}

function p99(answers: readonly Timed[]): number {
	const sorted = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
	return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
}
