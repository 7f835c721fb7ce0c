import { createAudience, createMemoryStorage } from "@convoke/core";
import { createSmtpTransport } from "@convoke/smtp";
import { recordStorage } from "../support/recorded-storage.ts";
import type { Refusal, Row } from "./row.ts";
import { show } from "./row.ts";
import { hostile, KEYS, settings } from "./world.ts";
import type { World } from "./world.ts";

/** The URL that messages show as an example. */
const EXAMPLE = "https://example.com/mail";
const PEM = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0IGtleQ==\n-----END PRIVATE KEY-----";
const LONG_PATH = `https://tidal.test/${"p".repeat(899)}`;

/** H1–H3, H5, H6, H121, H124: what a host configures. */
export const configuration: readonly Row[] = [
	...["http://example.com", "HTTP://example.com/mail", "http://localhost.evil.test", "http://127.0.0.2"].map((url) =>
		baseUrl(1, url, "insecure_base_url"),
	),
	...[
		"https://user:pw@example.com/",
		"https://user@example.com/",
		"https://@example.com/",
		"https://example.com/?a=b",
		"https://example.com/mail?",
		"https://example.com/#x",
		"https://example.com/mail#",
	].map((url) => baseUrl(2, url, "invalid_base_url")),
	...[
		"javascript:alert(1)",
		"",
		"//example.com",
		"/mail",
		"example.com",
		"data:text/html,x",
		"https:example.com",
		"https://example.com/a b",
		"https://exam\nple.com",
		"https:\\\\example.com",
	].map((url) => baseUrl(3, url, "invalid_base_url")),
	...[undefined, null, 42, {}, ["https://example.com"]].map((url) => baseUrl(3, url, "invalid_type")),

	...[
		["without List-Unsubscribe-Post", "From:To:Subject:List-Unsubscribe"],
		["without both", "From:To:Subject"],
		["with a name that only begins so", "From:List-Unsubscribe:List-Unsubscribe-Posted"],
		["without any name", ""],
	].map(
		([name, headerFieldNames]): Row => ({
			h: 5,
			name: `DKIM header list ${name}`,
			act: () => () =>
				createSmtpTransport({
					host: "mail.tidal.test",
					dkim: { domainName: "tidal.test", keySelector: "s1", privateKey: PEM, headerFieldNames },
				}),
			refused: {
				reason: "dkim_missing_one_click",
				field: "dkim.headerFieldNames",
				says: ["List-Unsubscribe-Post"],
				secrets: ["c2VjcmV0IGtleQ"],
			},
		}),
	),

	baseUrl(6, LONG_PATH, "unsubscribe_url_too_long"),
	baseUrl(6, `https://${"a.".repeat(155)}test`, "unsubscribe_url_too_long"),

	...keys("the word secret", "secret", "weak_token_key"),
	...keys("8 bytes", Buffer.from("tQ5mYw8Z"), "weak_token_key"),
	...keys("8 bytes as hex", "a1b2c3d4e5f60718", "weak_token_key"),
	...keys("31 bytes", Buffer.from(KEYS.hash, "hex").subarray(1), "weak_token_key"),
	...keys("a long sentence", "correct horse battery staple correct horse battery staple", "weak_token_key"),
	...keys("32 times the same byte", Buffer.alloc(32, 7), "weak_token_key"),
	...keys("a number", 12345678, "weak_token_key"),
	...keys("null", null, "weak_token_key"),
	linkKeys("an empty list", [], "weak_token_key"),
	linkKeys("an empty text", "", "weak_token_key"),
	linkKeys("nothing", undefined, "missing_token_key"),
	linkKeys("the same key twice", [KEYS.link, KEYS.link], "duplicate_key_id"),
	linkKeys("the same key twice in one text", `${KEYS.link}, ${KEYS.otherLink} ${KEYS.link}`, "duplicate_key_id"),
	linkKeys("the same key in two encodings", [KEYS.link, Buffer.from(KEYS.link, "base64url")], "duplicate_key_id"),
	linkKeys("a good key and a weak one", [KEYS.link, "secret"], "weak_token_key"),
	hashKey("the word secret", "secret", "weak_hash_key"),
	hashKey("8 bytes", Buffer.from("tQ5mYw8Z"), "weak_hash_key"),
	hashKey("nothing", undefined, "missing_hash_key"),
	hashKey("an empty text", "", "missing_hash_key"),
	hashKey("null", null, "weak_hash_key"),

	...[
		0,
		-1,
		1.5,
		1e9,
		1001,
		Number.NaN,
		Number.POSITIVE_INFINITY,
		"8",
		null,
		8n,
		{},
		Symbol("8"),
		Object.create(null),
	].map((concurrency) =>
		option({ concurrency: hostile(concurrency) }, `concurrency ${label(concurrency)}`, {
			reason: "invalid_option",
			field: "concurrency",
		}),
	),
	option({ leaseSeconds: 30, sendTimeoutSeconds: 60 }, "a lease shorter than the send time-out", {
		reason: "invalid_option",
		field: "leaseSeconds",
		says: ["leaseSeconds", "30", "sendTimeoutSeconds", "60"],
	}),
	option({ leaseSeconds: 299 }, "a lease shorter than the default send time-out", {
		reason: "invalid_option",
		field: "leaseSeconds",
		says: ["299", "300"],
	}),
	option({ sendTimeoutSeconds: 361 }, "a send time-out longer than the default lease", {
		reason: "invalid_option",
		field: "leaseSeconds",
		says: ["360", "361"],
	}),
	...(["leaseSeconds", "sendTimeoutSeconds", "pollSeconds"] as const).flatMap((field) =>
		[0, -1, Number.NaN, Number.POSITIVE_INFINITY, "60"].map((value) =>
			option({ [field]: hostile(value) }, `${field} ${label(value)}`, { reason: "invalid_option", field }),
		),
	),
	...["", "RESEND", "toString", null].map((value) =>
		option({ onUncertain: hostile(value) }, `onUncertain ${show(value)}`, {
			reason: "invalid_option",
			field: "onUncertain",
		}),
	),
	...[0, -1, 1.5, Number.NaN, "8", null].map(
		(maxMessages): Row => ({
			h: 124,
			name: `worker.run with maxMessages ${label(maxMessages)}`,
			act:
				({ audience }) =>
				() =>
					audience.worker().run({ maxMessages: hostile(maxMessages) }),
			refused: { reason: "invalid_option", field: "maxMessages" },
		}),
	),
];

function baseUrl(h: number, value: unknown, reason: string): Row {
	return {
		h,
		name: `base URL ${show(value)}`,
		act: (world) => () => world.make({ links: { baseUrl: hostile(value), keys: KEYS.link } }),
		refused: {
			reason,
			field: "links.baseUrl",
			secrets: typeof value === "string" && !EXAMPLE.includes(value) ? [value] : [],
		},
	};
}

function keys(name: string, key: unknown, reason: string): readonly Row[] {
	return [
		linkKeys(`a list of ${name}`, [key], reason),
		...(typeof key === "string" ? [linkKeys(name, key, reason)] : []),
	];
}

function linkKeys(name: string, value: unknown, reason: string): Row {
	return {
		h: 121,
		name: `link keys: ${name}`,
		act: (world) => () => world.make({ links: { baseUrl: "https://tidal.test", keys: hostile(value) } }),
		refused: {
			reason,
			field: "links.keys",
			says: reason === "duplicate_key_id" ? [] : ["randomBytes(32)"],
			secrets: [KEYS.link, ...secretsOf(value)],
		},
	};
}

function hashKey(name: string, value: unknown, reason: string): Row {
	return {
		h: 121,
		name: `hash key: ${name}`,
		act: () => () =>
			createAudience({ ...settings(recordStorage(createMemoryStorage()).storage), hashKey: hostile(value) }),
		refused: { reason, field: "hashKey", says: ["randomBytes(32)"], secrets: secretsOf(value) },
	};
}

/** The keys in a value, but for a word that any message may have. */
function secretsOf(value: unknown): readonly string[] {
	const list: readonly unknown[] = Array.isArray(value) ? value : [value];
	return list.flatMap((key) => {
		if (typeof key === "string") return key === "" || key === "secret" ? [] : [key];
		return key instanceof Uint8Array ? [Buffer.from(key).toString("hex"), Buffer.from(key).toString("base64url")] : [];
	});
}

function option(options: Parameters<World["audience"]["worker"]>[0], name: string, refused: Refusal): Row {
	return {
		h: 124,
		name: `worker option ${name}`,
		act:
			({ audience }) =>
			() =>
				audience.worker(options),
		refused,
	};
}

function label(value: unknown): string {
	return typeof value === "string" ? `as text ${value}` : show(value);
}
