import { ConvokeError } from "@convoke/core";
import type { NewBroadcast } from "@convoke/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readFuzz } from "./support/fuzz.ts";
import { rawHeaders, USUAL_HEADERS } from "./support/mail-server.ts";
import type { Delivery } from "./support/mail-server.ts";
import { openPostOffice } from "./support/post-office.ts";
import type { PostOffice } from "./support/post-office.ts";

// Random strings with control characters in every place that ends up in a header, over SMTP: either they are refused, or
// the raw message has exactly the headers it should have.

const { runs, seed } = readFuzz("HEADERS", 200);

const CONTROLS = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code));
const control = fc.constantFrom(
	...CONTROLS,
	"\u007f",
	...Array.from({ length: 32 }, (_, code) => String.fromCharCode(0x80 + code)),
	"\u2028",
	"\u2029",
	"\u202e",
	"\ufeff",
	"\r\n",
	"\r\n ",
	"\r\n\r\n",
	"\n\n",
);
const plain = fc.constantFrom(
	"Bcc: evil@x.test",
	"X-Evil: 1",
	"<b@x.test>",
	"=?UTF-8?Q?=0D=0ABcc:_e@x.test?=",
	"=0D=0A",
	"%0d%0a",
	"a@x.test, b@x.test",
	"g: a@x.test;",
	'"',
	"\\",
	":",
	";",
	"(",
	"潮",
	"🌊",
	" ",
	"a",
	"word ".repeat(30),
);
// Half of them without what is always refused, or hardly anything would ever be sent.
const mild = fc.constantFrom("\u0080", "\u0085", "\u009f", "\u2028", "\u2029", "\u202e", "\ufeff");
const withControls = fc.oneof(strings(control), strings(mild));

function strings(unit: fc.Arbitrary<string>): fc.Arbitrary<string> {
	const part = fc.oneof({ weight: 2, arbitrary: plain }, { weight: 1, arbitrary: fc.string({ maxLength: 5 }) }, unit);
	return fc
		.tuple(fc.array(part, { maxLength: 5 }), unit, fc.array(part, { maxLength: 5 }))
		.map(([before, one, after]) => [...before, one, ...after].join(""));
}

const REASONS: ReadonlySet<string> = new Set([
	"header_too_long",
	"invalid_email",
	"invalid_filename",
	"invalid_header",
	"invalid_header_name",
	"invalid_text",
	"reserved_header",
	"subject_empty",
	"subject_too_long",
	"text_too_long",
]);

interface Position {
	readonly name: string;
	/** Sends a message with the string in its place. */
	readonly mail: (office: PostOffice, text: string) => Promise<readonly Delivery[]>;
	/** Headers beside the usual ones. */
	readonly further?: (text: string) => readonly string[];
	/** Usual headers that it takes away. */
	readonly without?: readonly string[];
}

const broadcast = (make: (text: string) => Partial<NewBroadcast>): Position["mail"] => {
	return ({ mail }, text) => mail(make(text));
};

const POSITIONS: readonly Position[] = [
	{ name: "subject", mail: broadcast((subject) => ({ subject })) },
	{ name: "from name", mail: broadcast((name) => ({ from: { name, address: "news@tidal.test" } })) },
	{
		name: "reply-to name",
		mail: broadcast((name) => ({ replyTo: { name, address: "help@tidal.test" } })),
		further: () => ["reply-to"],
	},
	{
		name: "header name",
		mail: broadcast((name) => ({ headers: { [name]: "value" } })),
		further: (name) => [name.toLowerCase()],
	},
	{
		name: "header value",
		mail: broadcast((value) => ({ headers: { "X-Campaign": value } })),
		further: () => ["x-campaign"],
	},
	{
		name: "attachment's filename",
		mail: broadcast((filename) => ({ attachments: [{ filename, content: "YQ==" }] })),
		without: ["content-transfer-encoding"],
	},
	{
		name: "contact's name",
		async mail({ audience, mail }, firstName) {
			await audience.contacts.update({ email: "ada@x.test" }, { firstName });
			return mail({});
		},
	},
	{
		name: "property in the subject",
		async mail({ audience, mail }, word) {
			await audience.contacts.update({ email: "ada@x.test" }, { properties: { word } });
			return mail({ subject: "Hi {{word}}" });
		},
	},
];

test.each(POSITIONS)("no string makes a header of its own as $name", { timeout: 600_000 }, async (position) => {
	const office = await openPostOffice();
	await office.audience.properties.create({ key: "word", type: "string" });
	await office.audience.contacts.create({ email: "ada@x.test" });
	const outcomes = { refused: 0, failed: 0, sent: 0 };
	await fc.assert(
		fc.asyncProperty(withControls, async (text) => {
			const deliveries = await position.mail(office, text).catch((error: unknown) => {
				if (!ConvokeError.is(error) || !REASONS.has(error.reason)) throw error;
				return undefined;
			});
			if (deliveries === undefined) {
				outcomes.refused += 1;
				return;
			}
			const [delivery] = deliveries;
			if (delivery === undefined) {
				const [last] = (await office.audience.broadcasts.list({ limit: 1 })).data;
				const explained = await office.audience.broadcasts.explain(last?.id ?? "", { email: "ada@x.test" });
				expect(explained).toMatchObject({ outcome: "failed", reason: "invalid_header" });
				outcomes.failed += 1;
				return;
			}
			outcomes.sent += 1;
			expect(deliveries).toHaveLength(1);
			expect(delivery.to).toEqual(["ada@x.test"]);
			const names = rawHeaders(delivery.raw).map(({ name }) => name);
			const expected = USUAL_HEADERS.filter((name) => position.without?.includes(name) !== true);
			expect(names.toSorted()).toEqual([...expected, ...(position.further?.(text) ?? [])].toSorted());
			office.deliveries.length = 0;
		}),
		{ numRuns: runs, seed },
	);
	console.log(`${position.name}: ${JSON.stringify(outcomes)}`);
	expect(outcomes.refused + outcomes.failed).toBeGreaterThan(0);
	if (position.name !== "header name") expect(outcomes.sent).toBeGreaterThan(0);
});
