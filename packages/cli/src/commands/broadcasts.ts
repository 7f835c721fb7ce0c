import { writeFile } from "node:fs/promises";
import { atMost, EXIT, required, text, UsageError } from "../command.ts";
import type { Command } from "../command.ts";
import { clean, count } from "../screen.ts";
import { contactRef } from "../selection.ts";

const SENDER_OPTIONS = { from: { type: "string" }, smtputf8: { type: "boolean" } } as const;
const SENDER_ABOUT = {
	from: "<mailbox> the author, where the broadcast names none",
	smtputf8: "the transport reaches addresses with characters beyond ASCII before the @",
};

/** `convoke broadcasts`. */
export const broadcasts: Command = {
	name: "broadcasts",
	summary: "List broadcasts",
	usage: ["broadcasts [list]"],
	examples: ["convoke broadcasts -d audience.db"],
	run: async ({ args, screen, audience }) => {
		atMost(args, 1);
		if ((args[0] ?? "list") !== "list") throw new UsageError(`There is no \`broadcasts ${args[0]}\`, only list.`);
		const page = await audience().broadcasts.list({ limit: 100 });
		screen.result(page, () => {
			screen.table(
				["subject", "status", "created", "sent", "id"],
				page.data.map(({ subject, status, createdAt, sentAt, id }) => [subject, status, createdAt, sentAt, id]),
			);
		});
		return EXIT.ok;
	},
};

/** `convoke plan`. */
export const plan: Command = {
	name: "plan",
	summary: "Count who gets a broadcast, and who does not and why",
	usage: ["plan <broadcast id>"],
	options: SENDER_OPTIONS,
	about: SENDER_ABOUT,
	examples: ["convoke plan 0198c5a0-0000-7000-8000-000000000001 -d audience.db"],
	run: async ({ args, screen, audience }) => {
		atMost(args, 1);
		const planned = await audience().broadcasts.plan(required(args, 0, "which broadcast, by its id"));
		screen.result(planned, () => {
			screen.table(
				["", "contacts"],
				[
					["in the target", count(planned.candidates)],
					...Object.entries(planned.excluded).map(([reason, number]) => [`  ${reason}`, `- ${count(number)}`]),
					["get it", count(planned.planned)],
				],
			);
			screen.note(
				planned.frozen ? "As it was written down when the broadcast was sent." : "As of now; nothing is written.",
			);
		});
		return EXIT.ok;
	},
};

/** `convoke explain`. */
export const explain: Command = {
	name: "explain",
	summary: "Say why a contact gets a broadcast or not",
	usage: ["explain <broadcast id> <address, id or external:id>"],
	options: SENDER_OPTIONS,
	about: SENDER_ABOUT,
	examples: ["convoke explain 0198c5a0-0000-7000-8000-000000000001 ada@example.com -d audience.db"],
	run: async ({ args, screen, audience }) => {
		atMost(args, 2);
		const id = required(args, 0, "which broadcast, by its id");
		const contact = contactRef(required(args, 1, "which contact: an address, an id, or external:<id>"));
		const explained = await audience().broadcasts.explain(id, contact);
		const { outcome, reason, message } = explained;
		screen.result(explained, () => screen.sentence(`${outcome}${reason === null ? "" : ` (${reason})`}: ${message}`));
		return EXIT.ok;
	},
};

/** `convoke check`. */
export const check: Command = {
	name: "check",
	summary: "Say what is wrong with a broadcast; exit code 3 if it cannot be sent",
	usage: ["check <broadcast id>"],
	options: SENDER_OPTIONS,
	about: SENDER_ABOUT,
	examples: ['convoke check 0198c5a0-0000-7000-8000-000000000001 -d audience.db --from "Tidal <news@example.com>"'],
	run: async ({ args, screen, audience }) => {
		atMost(args, 1);
		const findings = await audience().broadcasts.check(required(args, 0, "which broadcast, by its id"));
		screen.result({ findings }, () => {
			for (const { severity, reason, message } of findings)
				screen.sentence(clean(`${severity}: ${message} (${reason})`));
			if (findings.length === 0) screen.line("Nothing to say: it can be sent.");
		});
		return findings.some(({ severity }) => severity === "error") ? EXIT.attention : EXIT.ok;
	},
};

/** `convoke preview`. */
export const preview: Command = {
	name: "preview",
	summary: "Write a page that shows a broadcast's message",
	usage: ["preview <broadcast id> [--contact <address or id>] [--out <file>]"],
	options: { contact: { type: "string" }, out: { type: "string" }, ...SENDER_OPTIONS },
	about: {
		contact: "<contact> whose data to fill in",
		out: "<file> the page's file (default: preview.html)",
		...SENDER_ABOUT,
	},
	examples: ["convoke preview 0198c5a0-0000-7000-8000-000000000001 -d audience.db --contact ada@example.com"],
	run: async ({ args, options, screen, audience }) => {
		atMost(args, 1);
		const id = required(args, 0, "which broadcast, by its id");
		const contact = text(options, "contact");
		const shown = await audience().broadcasts.preview(
			id,
			contact === undefined ? {} : { contact: contactRef(contact) },
		);
		const out = text(options, "out") ?? "preview.html";
		await writeFile(out, shown.page);
		screen.result({ out, subject: shown.message.subject, findings: shown.findings }, () => {
			screen.line(`${clean(shown.message.subject)}\n${clean(out)}`);
		});
		return EXIT.ok;
	},
};
