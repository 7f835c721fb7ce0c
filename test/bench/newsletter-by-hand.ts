import type { PropertyValues } from "@convoke/core";
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import type { TakeMessage } from "./by-hand.ts";
import { createFiller, escapeByHand, NEWSLETTER } from "./newsletter.ts";

/** What the newsletter says of a contact. */
export interface Reader {
	readonly id: string;
	readonly email: string;
	readonly firstName: string | null;
	readonly lastName: string | null;
	readonly properties: PropertyValues;
}

/** Makes the function that makes one newsletter by hand, from templates that were parted at their placeholders once. */
export function createNewsletter(topicId: string, take: TakeMessage): (reader: Reader) => void {
	const key = createSecretKey(randomBytes(32));
	const asItIs = (text: string): string => text;
	const fillSubject = createFiller(NEWSLETTER.subject, asItIs);
	const fillHtml = createFiller(NEWSLETTER.html, escapeByHand);
	const fillText = createFiller(NEWSLETTER.text, asItIs);
	return ({ id, email, firstName, lastName, properties }) => {
		const ids = `${id}.${topicId}`;
		const token = `${ids}.${createHmac("sha256", key).update(ids).digest("base64url")}`;
		const url = `https://bench.test/mail/unsubscribe/${token}`;
		const values = {
			"contact.first_name": firstName ?? "",
			"contact.last_name": lastName ?? "",
			"contact.email": email,
			company: String(properties["company"] ?? ""),
			plan: String(properties["plan"] ?? ""),
			seats: String(properties["seats"] ?? ""),
			UNSUBSCRIBE_URL: url,
		};
		take({
			messageId: `<${id}@tidal.test>`,
			to: { name: `${firstName ?? ""} ${lastName ?? ""}`.trim(), address: email },
			subject: fillSubject(values),
			html: fillHtml(values),
			text: fillText(values),
			headers: { "List-Unsubscribe": `<${url}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
		});
	};
}
