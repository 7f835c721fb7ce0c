import type { NewBroadcast } from "@convoke/core";
import type { Refusal, Row } from "./row.ts";
import { show } from "./row.ts";
import { hostile, LETTER } from "./world.ts";

const CRLF_SUBJECT = "Hi\r\nBcc: evil@x.test";
const C0_AND_DEL = [...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)), "\u007f"];

// R8.
const RESERVED = [
	"to",
	"cc",
	"bcc",
	"from",
	"sender",
	"reply-to",
	"subject",
	"date",
	"message-id",
	"return-path",
	"received",
	"dkim-signature",
	"content-type",
	"content-transfer-encoding",
	"content-whatever",
	"mime-version",
	"list-unsubscribe",
	"list-unsubscribe-post",
];

/** H4, H7, H8, H10, H12–H16: what an author or a host puts into headers. */
export const headers: readonly Row[] = [
	...RESERVED.flatMap((name) =>
		[name, name.toUpperCase(), titleCase(name)].flatMap((spelling) =>
			drafts(4, `header ${spelling}`, withHeaders({ [spelling]: "<https://evil.test/hidden>" }), {
				reason: "reserved_header",
				field: "headers",
				secrets: ["https://evil.test/hidden"],
			}),
		),
	),

	...[CRLF_SUBJECT, "Hi\nBcc: evil@x.test", "Hi\rBcc: evil@x.test", "\r\n\r\n<script>", "Hi\r\n"].flatMap((subject) =>
		drafts(7, `subject ${show(subject)}`, { subject }, { ...invalidHeader("subject"), secrets: [subject, "evil"] }),
	),
	...[
		"Hi\u0000",
		"Hi\u007f",
		"Hi\u0008",
		...C0_AND_DEL.map((control) => `a${control}b`),
		"half \ud800",
		"\udc00",
	].flatMap((subject) =>
		drafts(8, `subject ${show(subject)}`, { subject }, { ...invalidHeader("subject"), secrets: [subject] }),
	),

	...["", " ", "   ", "\u00a0\u3000"].flatMap((subject) =>
		drafts(10, `subject ${show(subject)}`, { subject }, { reason: "subject_empty", field: "subject" }),
	),
	...drafts(10, "subject of 5,000 characters", { subject: "s".repeat(5000) }, subjectTooLong("s".repeat(5000))),
	...drafts(10, "subject of 999 characters", { subject: "s".repeat(999) }, subjectTooLong("s".repeat(999))),
	...[undefined, null, 42, ["Hi"], { toString: () => "Hi" }].map(
		(subject): Row => ({
			h: 10,
			name: `subject ${show(subject)} in broadcasts.create`,
			act:
				({ audience }) =>
				() =>
					audience.broadcasts.create({ ...LETTER, everyone: true, subject: hostile(subject) }),
			refused: { reason: "invalid_type", field: "subject" },
		}),
	),

	...["Bob\r\nBcc: e@x", "Bob\nBcc: e@x", "Bob\u0000", "Bob\u007f", "half \ud800"].flatMap((name) => [
		...drafts(12, `from name ${show(name)}`, { from: { name, address: "b@x.test" } }, named("from", name)),
		...drafts(12, `from written as ${show(name)} <b@x.test>`, { from: `${name} <b@x.test>` }, named("from", name)),
		...drafts(12, `from with a quoted ${show(name)}`, { from: `"${name}" <b@x.test>` }, named("from", name)),
		...drafts(
			12,
			`from address followed by ${show(name)}`,
			{ from: { address: `b@x.test${name}` } },
			named("from", name),
		),
		...drafts(12, `reply-to name ${show(name)}`, { replyTo: { name, address: "b@x.test" } }, named("replyTo", name)),
		...drafts(
			12,
			`second reply-to name ${show(name)}`,
			{ replyTo: ["a@x.test", { name, address: "b@x.test" }] },
			named("replyTo", name),
		),
		...senders(12, `from name ${show(name)}`, { from: { name, address: "b@x.test" } }, named("from", name)),
		...senders(12, `reply-to name ${show(name)}`, { replyTo: { name, address: "b@x.test" } }, named("replyTo", name)),
	]),

	...["X-A\r\nBcc", "X-A\nBcc: evil@x.test\nX-B", "X-A\r", "X-A\u0000"].flatMap((name) => headerName(13, name)),
	...["x y", "x:y", "", "\u00e9", " X-A", "X-A ", "X-A:", "\u{1f4e8}", "X-\u007f", "X\tA"].flatMap((name) =>
		headerName(14, name),
	),

	...drafts(15, "31 headers", withHeaders(Object.fromEntries(numbered(31))), {
		reason: "too_many_headers",
		field: "headers",
		secrets: ["value 7"],
	}),
	...["v".repeat(2000), "v".repeat(999), "\u00e9".repeat(500)].flatMap((value) =>
		drafts(15, `a header of ${Buffer.byteLength(value)} octets`, withHeaders({ "X-Long": value }), {
			reason: "header_too_long",
			field: "headers.X-Long",
			secrets: [value],
		}),
	),
	...["a\r\nBcc: evil@x.test", "a\nb", "a\u0000", "\ud800"].flatMap((value) =>
		drafts(15, `a header's value ${show(value)}`, withHeaders({ "X-A": value }), {
			...invalidHeader("headers.X-A"),
			secrets: [value],
		}),
	),
	...[null, 42, ["a"], { toString: () => "a" }].flatMap((value) =>
		drafts(15, `a header's value ${show(value)}`, withHeaders({ "X-A": hostile(value) }), {
			reason: "invalid_type",
			field: "headers.X-A",
		}),
	),
	...drafts(15, "one header in two cases", withHeaders({ "X-A": "1", "x-a": "2" }), {
		reason: "duplicate_header",
		field: "headers",
	}),

	...["A\r\nB: c", "A\nB", "A\u0000", "A\u0008"].flatMap((name) => names(name)),
];

function invalidHeader(field: string): Refusal {
	return { reason: "invalid_header", field };
}

function named(field: string, name: string): Refusal {
	return { ...invalidHeader(field), secrets: [name] };
}

function subjectTooLong(subject: string): Refusal {
	return { reason: "subject_too_long", field: "subject", secrets: [subject] };
}

function withHeaders(given: Readonly<Record<string, string>>): Partial<NewBroadcast> {
	return { headers: given };
}

function headerName(h: number, name: string): readonly Row[] {
	return drafts(h, `header name ${show(name)}`, withHeaders({ [name]: "a" }), {
		reason: "invalid_header_name",
		field: "headers",
		secrets: name.trim() === "" ? [] : [name],
	});
}

/** The same input in a new broadcast and in a change of a draft. */
function drafts(h: number, name: string, given: Partial<NewBroadcast>, refused: Refusal): readonly Row[] {
	return [
		{
			h,
			name: `${name} in broadcasts.create`,
			act:
				({ audience }) =>
				() =>
					audience.broadcasts.create({ ...LETTER, everyone: true, ...given }),
			refused,
		},
		{
			h,
			name: `${name} in broadcasts.update`,
			act:
				({ audience, draft }) =>
				() =>
					audience.broadcasts.update(draft.id, given),
			refused: { ...refused, reaches: "look-ups" },
		},
	];
}

/** The same default of a sender, when a broadcast is checked and when it is sent. */
function senders(h: number, name: string, defaults: object, refused: Refusal): readonly Row[] {
	return (["check", "send"] as const).map((verb) => ({
		h,
		name: `a sender's ${name} at broadcasts.${verb}`,
		act: ({ make, outbox, draft }) => {
			const audience = make({ transport: undefined, sender: () => ({ transport: outbox, ...defaults }) });
			return () => audience.broadcasts[verb](draft.id);
		},
		refused: { ...refused, reaches: "look-ups" },
	}));
}

/** A contact's name that would end a header, everywhere it can be written. */
function names(name: string): readonly Row[] {
	return (["firstName", "lastName"] as const).flatMap((field): Row[] => {
		const refused: Refusal = { reason: "invalid_text", field, secrets: [name] };
		return [
			{
				h: 16,
				name: `${field} ${show(name)} in contacts.create`,
				act:
					({ audience }) =>
					() =>
						audience.contacts.create({ email: "new@x.test", [field]: name }),
				refused,
			},
			{
				h: 16,
				name: `${field} ${show(name)} in contacts.update`,
				act:
					({ audience, ada }) =>
					() =>
						audience.contacts.update({ id: ada.id }, { [field]: name }),
				refused,
			},
			{
				h: 16,
				name: `${field} ${show(name)} in contacts.createMany`,
				act:
					({ audience }) =>
					() =>
						audience.contacts.createMany([{ email: "new@x.test" }, { email: "newer@x.test", [field]: name }]),
				refused: { ...refused, field: `[1].${field}` },
			},
		];
	});
}

function numbered(count: number): readonly (readonly [string, string])[] {
	return Array.from({ length: count }, (_, index) => [`X-Header-${index}`, `value ${index}`] as const);
}

function titleCase(name: string): string {
	return name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
