import type { BoundFilter } from "../filter/filter.ts";
import { put, remove } from "./contact-acts.ts";
import { not } from "./filter-builders.ts";
import { askAll, filterCase, settle, type Question } from "./filter-questions.ts";
import { present } from "./proofs.ts";
import { addressOf, named } from "./records.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

const LONG = "x".repeat(150);

/** What a filter says about the words of contacts. */
export const searchCases: readonly StorageCase[] = [
	filterCase(
		"`search` asks for words that begin so",
		{
			a: { firstName: "Ada", lastName: "Lovelace", email: "countess@engines.example" },
			b: { firstName: "Adam", lastName: "O'Neill-Ada", email: "Adam.Neill+news@Mail.example" },
			c: { firstName: "Zo\u00eb", lastName: "\u00c5ngstr\u00f6m", email: "zoe_1@mail.example" },
			d: {
				firstName: "\u5c71\u7530",
				lastName: "\u592a\u90ce",
				email: "\u0434\u0430\u0448\u0430@xn--mnchen-3ya.example",
			},
			e: { firstName: "\u{20bb7}\u91ce", lastName: "\ud55c\uae00", email: "x9@short.example" },
			f: { firstName: `${LONG}a`, lastName: "100%_sure", email: "b2@short.example" },
		},
		[
			...words("abcdef", "example"),
			...words("ab", "ada"),
			...words("abc", "a"),
			...words("b", "adam"),
			...words("b", "ada", "nei"),
			...words("a", "love", "count", "ad"),
			...words("", "ovelace"),
			...words("", "ada", "zoe"),
			...words("bc", "mail"),
			...words("b", "news", "o"),
			...words("c", "zoe"),
			...words("c", "zoe", "1"),
			...words("c", "angstrom"),
			...words("d", "\u5c71"),
			...words("d", "\u5c71\u7530", "\u592a\u90ce"),
			...words("", "\u7530"),
			...words("d", "\u0434\u0430\u0448"),
			...words("d", "munchen"),
			...words("d", "xn"),
			...words("e", "\u{20bb7}"),
			...words("e", "\u{20bb7}\u91ce"),
			...words("e", "\ud55c\uae00"),
			...words("f", LONG),
			...words("f", `${LONG}a`),
			...words("", `${LONG}b`),
			...words("f", "100"),
			...words("f", "sure"),
			[not({ kind: "search", prefixes: ["mail"] }), "adef"],
			[{ kind: "all", of: [{ kind: "search", prefixes: ["mail"] }, named("Adam")] }, "b"],
			[{ kind: "any", of: [{ kind: "search", prefixes: ["lov"] }, named("Adam")] }, "ab"],
			[
				{
					kind: "all",
					of: [
						{ kind: "search", prefixes: ["ada"] },
						{ kind: "search", prefixes: ["nei"] },
					],
				},
				"b",
			],
		],
	),

	examCase("changeContacts: keeps the words of a search up to date", async (world) => {
		const { tenant, bystander } = world;
		const contacts = await settle(world, {
			a: { firstName: "Ada", lastName: "Byron" },
			b: { firstName: "Bob", lastName: "Byron" },
		});
		const a = present(contacts.get("a"));
		await put(tenant, { ...a, lastName: "Lovelace", email: "countess@x.test", ...addressOf("countess") });
		await askAll(tenant, contacts, [
			...words("b", "byron"),
			...words("a", "lovelace"),
			...words("a", "countess"),
			...words("b", "contact"),
			...words("a", "ada"),
		]);
		await askAll(bystander, contacts, [...words("ab", "byron"), ...words("", "lovelace"), ...words("ab", "contact")]);
		await put(tenant, { ...a, firstName: null, lastName: null });
		await askAll(tenant, contacts, [...words("", "ada"), ...words("ab", "contact"), ...words("", "lovelace")]);
		await remove(tenant, a);
		await askAll(tenant, contacts, [...words("b", "contact"), ...words("", "countess")]);
		await put(tenant, a);
		await askAll(tenant, contacts, [...words("a", "ada"), ...words("ab", "byron")]);
		await askAll(bystander, contacts, words("ab", "byron"));
	}),
];

/** The question who has words that begin so. */
function words(letters: string, ...prefixes: readonly string[]): readonly Question[] {
	const filter: BoundFilter = { kind: "search", prefixes };
	return [[filter, letters]];
}
