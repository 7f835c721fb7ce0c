import type { Topic } from "../model/topic.ts";

// RFC 2047 section 2: an encoded word has at most 75 characters, 12 of them around the text.
const MAX_WORD_BYTES = 45;

/**
 * The value of a message's `List-Id` header (RFC 2919), by which mail programs sort a topic's messages. What stands
 * between the brackets is made of the topic's id, so that it stays when the topic is renamed; a private topic's name is
 * left out.
 */
export function listIdOf(topic: Topic, domain: string): string {
	const listId = `<${topic.id}.${domain}>`;
	return topic.visibility === "public" ? `${phraseOf(topic.name)} ${listId}` : listId;
}

/** A text as a phrase (RFC 5322 section 3.2.5): quoted, or encoded beyond ASCII. */
function phraseOf(text: string): string {
	// Readers also decode what looks like an encoded word within quotes.
	if (/^[ -~]*$/.test(text) && !text.includes("=?")) return `"${text.replace(/["\\]/g, "\\$&")}"`;
	return wordsOf(text)
		.map((word) => `=?UTF-8?B?${Buffer.from(word).toString("base64")}?=`)
		.join(" ");
}

function wordsOf(text: string): readonly string[] {
	const words: string[] = [];
	let word = "";
	// By code points: none may be parted between two words.
	for (const character of text) {
		if (Buffer.byteLength(word + character) > MAX_WORD_BYTES) {
			words.push(word);
			word = "";
		}
		word += character;
	}
	return [...words, word];
}
