import { createLinkTokens } from "@convoke/core";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import PostalMime from "postal-mime";
import type { Email } from "postal-mime";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BETA_TESTERS, DEMO_KEYS, LEFT_NEWS, READER, SUPPRESSED } from "./story.ts";

const MINUTE = 60_000;

interface Ended {
	readonly status: unknown;
	readonly stdout: string;
	readonly stderr: string;
}

function runDemo(...args: readonly string[]): Promise<Ended> {
	const demo = join(import.meta.dirname, "demo.ts");
	const { FORCE_COLOR: _, ...env } = process.env;
	return new Promise((resolve) => {
		execFile(process.execPath, ["--conditions=@convoke/source", demo, ...args], { env }, (error, stdout, stderr) => {
			resolve({ status: error === null ? 0 : error.code, stdout, stderr });
		});
	});
}

function newFolder(): string {
	return mkdtempSync(join(tmpdir(), "convoke-demo-"));
}

/** Addresses in contacts.csv whose row says that they have opted out. */
function optedOutInFile(): readonly string[] {
	const csv = readFileSync(join(import.meta.dirname, "contacts.csv"), "utf8");
	const rows = csv.matchAll(/^([^,"]+),.*,true,(?:[^,"]*|"[^"]*")$/gm);
	return [...rows].map(([, email = ""]) => email.toLowerCase());
}

describe("demo --json", () => {
	let ended: Ended;
	let messages: readonly Email[] = [];

	beforeAll(async () => {
		const folder = newFolder();
		ended = await runDemo("--json", "--out", folder);
		const files = readdirSync(folder)
			.filter((file) => file.endsWith(".eml"))
			.toSorted();
		messages = await Promise.all(files.map((file) => PostalMime.parse(readFileSync(join(folder, file)))));
		return () => rmSync(folder, { recursive: true });
	}, MINUTE);

	const addressOf = ({ to }: Email): string => to?.[0]?.address ?? "";
	const headersOf = ({ headers }: Email, name: string): readonly string[] =>
		headers.filter(({ key }) => key === name).map(({ value }) => value);
	const linkOf = (message: Email): string =>
		/^<(.+)>$/.exec(headersOf(message, "list-unsubscribe")[0] ?? "")?.[1] ?? "";
	const messagesTo = (address: string): readonly Email[] => messages.filter((each) => addressOf(each) === address);
	const messageTo = (address: string): Email => {
		const [found] = messagesTo(address);
		if (found === undefined) throw new Error(`Nothing arrived for ${address}.`);
		return found;
	};

	test("prints what the file and the story lead to, and nothing else", () => {
		const excluded = { suppressed: 3, unsubscribed: 60, topic_opted_out: 4, address_needs_smtputf8: 2 };
		expect(ended).toMatchObject({ status: 0, stderr: "" });
		expect(JSON.parse(ended.stdout)).toEqual({
			contacts: 981,
			importErrors: 7,
			candidates: 981,
			planned: 981 - 3 - 60 - 4 - 2,
			excluded,
			sent: 912,
			received: 912,
			secondPlanned: 911,
			secondExcluded: { ...excluded, topic_opted_out: 5 },
		});
	});

	test("every message offers one-click by one link, and both of its parts hold that link", () => {
		expect(messages).toHaveLength(912 + 911);
		for (const message of messages) {
			expect(headersOf(message, "list-unsubscribe")).toEqual([
				expect.stringMatching(/^<http:\/\/localhost:\d+\/mail\/u\/[\w-]{88}>$/),
			]);
			expect(headersOf(message, "list-unsubscribe-post")).toEqual(["List-Unsubscribe=One-Click"]);
			const link = linkOf(message);
			expect(message.html).toContain(`href="${link}"`);
			expect(message.text?.match(/http:\/\/localhost[^\s\]]+/g)).toEqual([link]);
		}
	});

	test("every link is its recipient's own", () => {
		const tokens = createLinkTokens(DEMO_KEYS.links);
		const contacts = new Map<string, string>();
		const subjects = messages.map((message) => {
			const subject = tokens.open("unsubscribe", linkOf(message).split("/").at(-1));
			const address = addressOf(message);
			expect(subject?.contactId).toBe(contacts.get(address) ?? subject?.contactId);
			if (subject !== undefined) contacts.set(address, subject.contactId);
			return subject;
		});
		expect(contacts.size).toBe(912);
		expect(new Set(contacts.values()).size).toBe(912);
		expect(new Set(subjects.map((subject) => subject?.topicId)).size).toBe(1);
		expect(new Set(subjects.map((subject) => subject?.broadcastId)).size).toBe(2);
		expect(new Set(subjects.map((subject) => `${subject?.broadcastId} ${subject?.contactId}`)).size).toBe(912 + 911);
	});

	test("nobody who opted out is mailed", () => {
		const optedOut = optedOutInFile();
		expect(optedOut).toHaveLength(60);
		const reached = new Set(messages.map((message) => addressOf(message).toLowerCase()));
		const out = [...optedOut, ...LEFT_NEWS, ...SUPPRESSED.map(({ email }) => email)];
		expect(out.filter((address) => reached.has(address))).toEqual([]);
	});

	test("a later row of the file opts nobody back in", () => {
		expect(optedOutInFile()).toEqual(
			expect.arrayContaining(["liam.brennan@lir-software.test", "pablo.ruiz@faro-estudio.example"]),
		);
		expect(messages.filter((each) => /^(liam\.brennan|pablo\.ruiz)@/i.test(addressOf(each)))).toEqual([]);
	});

	test("whoever unsubscribes gets the newsletter and not what comes after it", () => {
		expect(messagesTo(READER).map(({ subject }) => subject)).toEqual(["Plan the week once, Jens"]);
		for (const tester of BETA_TESTERS) expect(messagesTo(tester)).toHaveLength(2);
	});

	test("a name is data: escaped in HTML, itself elsewhere", () => {
		const bobby = messageTo("bobby.tanner@example.org");
		expect(bobby.html).toContain("Hi &lt;b&gt;Bobby&lt;/b&gt;,");
		expect(bobby.html).not.toContain("<b>Bobby");
		expect(bobby.text).toContain("Hi <b>Bobby</b>,");
		expect(bobby.subject).toBe("Plan the week once, <b>Bobby</b>");
		expect(messageTo("tomandjerry@example.net").html).toContain("Hi Tom &amp; Jerry,");
		expect(messageTo("kento.mori@example.net").text).toContain("Hi Kento,");
	});

	test("where a value is missing, what the author gave for it stands", () => {
		const nameless = messageTo("l.ibanez@harbourlight.example");
		expect(nameless.html).toContain("Hi there,");
		expect(nameless.text).toContain("Hi there,");
		expect(nameless.subject).toBe("Plan the week once, together");
		expect(nameless.html).not.toContain("Your trial ends");
		expect(nameless.text).not.toContain("Your trial ends");
		expect(messageTo(READER).text).toContain("Your trial ends on 2027-01-19.");
	});

	test("nothing of a template is left in any message", () => {
		for (const { html, text, subject } of messages)
			expect(`${html}${text}${subject}`).not.toMatch(/\{\{|\}\}|undefined/);
	});
});

test(
	"the demo tells its story, ends by itself and says where the messages lie",
	async () => {
		const folder = newFolder();
		onTestFinished(() => rmSync(folder, { recursive: true }));
		const { status, stdout, stderr } = await runDemo("--out", folder);
		expect(status).toBe(0);
		expect(stdout.match(/^ +line +\d+ +(?!opt_out_kept)\w+/gm)).toEqual([
			expect.stringMatching(/line +89 +invalid_email/),
			expect.stringMatching(/line +235 +invalid_email/),
			expect.stringMatching(/line +349 +invalid_email/),
			expect.stringMatching(/line +509 +invalid_property_value/),
			expect.stringMatching(/line +631 +invalid_property_value/),
		]);
		expect(stdout).toContain(`${READER} is excluded (topic_opted_out)`);
		expect(stdout).toMatch(/1823 \.eml files lie in .*convoke-demo-/);
		expect(stderr).toContain("100 %    912 sent");
		expect(stdout).not.toContain("\u001b");
		expect(readdirSync(folder).filter((file) => file.endsWith(".eml"))).toHaveLength(1823);
		expect(readdirSync(folder)).toContain("audience.db");
	},
	MINUTE,
);

test(
	"--memory keeps no file",
	async () => {
		const folder = newFolder();
		onTestFinished(() => rmSync(folder, { recursive: true }));
		const { status, stdout } = await runDemo("--memory", "--json", "--out", folder);
		expect([status, (JSON.parse(stdout) as { sent: number }).sent]).toEqual([0, 912]);
		expect(readdirSync(folder).filter((file) => !file.endsWith(".eml"))).toEqual([]);
	},
	MINUTE,
);

test(
	"--help says what can be asked for",
	async () => {
		const { status, stdout } = await runDemo("--help");
		expect(status).toBe(0);
		expect(stdout).toContain("npx --yes pnpm@12 demo");
		expect(stdout).toContain("--json");
	},
	MINUTE,
);

test(
	"what the demo does not know, and a folder with anything in it, it refuses",
	async () => {
		expect(await runDemo("--jason")).toMatchObject({
			status: 2,
			stdout: "",
			stderr: expect.stringContaining("--jason"),
		});
		const refused = await runDemo("--out", import.meta.dirname);
		expect(refused).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("not an empty folder") });
	},
	MINUTE,
);
