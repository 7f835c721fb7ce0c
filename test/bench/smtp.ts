import { createSmtpTransport } from "@convoke/smtp";
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { createWorld } from "./audience.ts";
import type { World } from "./audience.ts";
import { compare, peakMemory } from "./measure.ts";
import type { Bench, Figure, Settings } from "./measure.ts";
import { NEWSLETTER } from "./newsletter.ts";
import { createNewsletter } from "./newsletter-by-hand.ts";
import type { Reader } from "./newsletter-by-hand.ts";

/** How long servers take to answer for a message, in milliseconds: none at all, and as long as one that is near. */
const DELAYS: readonly number[] = [0, 20];

/** Sends a newsletter over SMTP. */
export const smtpBench: Bench = {
	name: "smtp",
	about: [
		"The newsletter of `send` into a mail server in a process of its own on this machine, over as many connections as",
		"messages are handed over at once.",
		"smtp_0ms     worker.run() of a broadcast that was sent, its planning included, in messages/s, where the server",
		"             takes a message at once. Limit: a loop over contacts that are in memory, which fills in templates",
		"             as that of `send` does and gives the messages to a pool of nodemailer; it plans and records nothing.",
		"smtp_20ms    The same where the server takes 20 ms for each.",
	],
	n: 2000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const figures: Figure[] = [];
		for (const ms of DELAYS) figures.push(...(await measure(settings, ms)));
		return [
			...figures,
			{ name: "smtp_peak_rss", concurrency: settings.concurrency, value: peakMemory(), unit: "MB", limit: null },
		];
	},
};

async function measure(settings: Settings, ms: number): Promise<readonly Figure[]> {
	const { concurrency } = settings;
	const sink = fork(join(import.meta.dirname, "smtp-sink.ts"), [String(ms)]);
	const [port] = await once(sink, "message");
	const transport = createSmtpTransport({ host: "127.0.0.1", port: Number(port), maxConnections: concurrency });
	const world = await createWorld(settings, transport);
	const readers = await readersOf(world);
	const pool = createTransport({ pool: true, host: "127.0.0.1", port: Number(port), maxConnections: concurrency });
	let sent = 0;
	const { ours, limit, stretch } = await compare(
		async (time) => {
			const id = await world.draft(NEWSLETTER);
			await world.audience.broadcasts.send(id);
			const worker = world.audience.worker({ concurrency });
			const report = await time(() => worker.run());
			sent = report.sent;
			assert.equal(sent, readers.length);
			await world.discard(id);
		},
		async (time) => {
			await time(() => sendByHand(pool, readers, world.topicId, concurrency));
		},
		settings,
	);
	pool.close();
	await transport.close();
	await world.close();
	sink.disconnect();
	const rate = (taken: number): number => (sent * 1000) / taken;
	return [
		{ name: `smtp_${ms}ms`, concurrency, value: rate(ours), unit: "messages/s", limit: rate(limit) },
		{ name: `smtp_${ms}ms_worst_stretch`, concurrency, value: stretch, unit: "ms", limit: null },
	];
}

/** Whoever should get the newsletter, read beforehand. */
async function readersOf({ audience, segmentId, topicId }: World): Promise<readonly Reader[]> {
	const readers: Reader[] = [];
	const filter = {
		and: [{ segment: segmentId }, { field: "unsubscribed", op: "eq", value: false }, { topic: topicId, is: "opt_in" }],
	} as const;
	for await (const contact of audience.contacts.each({ filter })) readers.push(contact);
	return readers;
}

async function sendByHand(
	pool: ReturnType<typeof createTransport>,
	readers: readonly Reader[],
	topicId: string,
	concurrency: number,
): Promise<void> {
	const left = readers.values();
	const lane = async (): Promise<void> => {
		let mail: Parameters<Parameters<typeof createNewsletter>[1]>[0] | undefined;
		const make = createNewsletter(topicId, (message) => {
			mail = message;
		});
		for (const reader of left) {
			make(reader);
			if (mail === undefined) continue;
			const { html, text, to, ...message } = mail;
			await pool.sendMail({
				...message,
				from: { name: "Tidal", address: "news@tidal.test" },
				to: { name: to.name ?? "", address: to.address },
				html: html ?? "",
				text: text ?? "",
			});
		}
	};
	await Promise.all(Array.from({ length: concurrency }, lane));
}
