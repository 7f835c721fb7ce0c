import type { ExclusionReason, ImportIssue, Plan, Progress } from "@convoke/core";
import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";

/** What the demo shows while it runs: text on stdout, progress on stderr. */
export class Screen {
	readonly #quiet: boolean;
	#step = 0;

	constructor({ quiet }: { readonly quiet: boolean }) {
		this.#quiet = quiet;
	}

	/** Begins a step of the story. */
	step(title: string): void {
		this.#step += 1;
		this.#write(`\n${styleText("bold", `${this.#step}. ${title}`)}\n`);
	}

	/** What this is, before the first step. */
	introduce(text: string): void {
		this.#write(`${text}\n`);
	}

	/** A line of text. */
	say(text: string): void {
		this.#write(`   ${text}\n`);
	}

	/** What was wrong with rows of a file. */
	issues(issues: readonly ImportIssue[]): void {
		for (const { line, reason, message } of issues) {
			this.say(`  line ${String(line).padStart(3)}  ${styleText("yellow", reason.padEnd(22))}  ${message}`);
		}
	}

	/** Who gets a broadcast and who does not, and why. */
	plan({ candidates, planned, excluded }: Plan): void {
		this.say(`${"candidates".padEnd(25)}${count(candidates)}`);
		for (const [reason, text] of Object.entries(REASONS)) {
			const left = Object.entries(excluded).find(([key]) => key === reason)?.[1];
			if (left === undefined) continue;
			this.say(`  ${styleText("yellow", reason.padEnd(23))}${count(-left)}  ${styleText("dim", text)}`);
		}
		this.say(`${"will receive it".padEnd(25)}${styleText("bold", count(planned))}`);
	}

	/** Fields of a message, names aligned. */
	fields(fields: readonly (readonly [string, string])[]): void {
		const width = Math.max(...fields.map(([name]) => name.length));
		for (const [name, value] of fields) this.say(`${styleText("dim", name.padEnd(width))}  ${value}`);
	}

	/** The beginning of a text. */
	excerpt(text: string, lines: number): void {
		const full = text.split(/\r?\n/).filter((line) => line.trim() !== "");
		for (const line of full.slice(0, lines)) this.say(`${styleText("dim", "│")} ${clip(line)}`);
	}

	/** Shows progress until `work` has ended, and answers with what it answers. */
	async watch<T>(progress: () => Promise<Progress>, work: Promise<T>): Promise<T> {
		if (this.#quiet) return work;
		const ended = work.then(
			() => true,
			() => true,
		);
		const meter = process.stderr.isTTY ? new Bar() : new Ledger();
		while (!(await Promise.race([ended, sleep(100, false)]))) meter.show(await progress());
		meter.show(await progress());
		meter.end();
		return work;
	}

	#write(text: string): void {
		if (!this.#quiet) process.stdout.write(text);
	}
}

const REASONS: Readonly<Record<ExclusionReason, string>> = {
	suppressed: "the address must never be mailed",
	unsubscribed: "opted out of everything",
	unconfirmed: "has not confirmed the address yet",
	topic_opted_out: "opted out of this topic",
	topic_not_opted_in: "the topic is for those who opt in",
	address_needs_smtputf8: "this mail server takes only ASCII before the @",
};

const BAR_WIDTH = 40;
const LINE_WIDTH = 100;

/** A bar that grows in its place. */
class Bar {
	show({ done, counts }: Progress): void {
		const full = Math.round(done * BAR_WIDTH);
		const bar = styleText("green", "█".repeat(full), { stream: process.stderr });
		process.stderr.write(`\r   ${bar}${"░".repeat(BAR_WIDTH - full)} ${count(counts.sent)} sent`);
	}

	end(): void {
		process.stderr.write("\n");
	}
}

/** A line for every quarter, for logs. */
class Ledger {
	#quarters = 0;

	show({ done, counts }: Progress): void {
		const quarters = Math.floor(done * 4);
		if (quarters <= this.#quarters) return;
		this.#quarters = quarters;
		process.stderr.write(`   ${String(quarters * 25).padStart(3)} %  ${count(counts.sent)} sent\n`);
	}

	end(): void {}
}

function clip(line: string): string {
	return line.length > LINE_WIDTH ? `${line.slice(0, LINE_WIDTH)}…` : line;
}

function count(value: number): string {
	return value.toLocaleString("en").padStart(5);
}
