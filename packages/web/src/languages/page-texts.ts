/**
 * What the pages say in one language. `{topic}` and `{address}` stand for the name of a topic and the masked address;
 * a text that names one may leave it out.
 */
export interface PageTexts {
	/** Which way the language is written. */
	readonly direction: "ltr" | "rtl";
	/** Heading of the preference page. */
	readonly preferences: string;
	/** Whose page it is. `{address}` */
	readonly address: string;
	/** Heading of the page behind an unsubscribe link of a topic. `{topic}` */
	readonly leaveTopic: string;
	/** Heading of the page behind an unsubscribe link without topic. */
	readonly leaveEverything: string;
	/** Button below either of them. */
	readonly leave: string;
	/** Heading above the topics. */
	readonly topics: string;
	/** Button below the topics. */
	readonly save: string;
	/** Heading above the button `everything`. */
	readonly everythingHeading: string;
	/** What that button does. */
	readonly everythingText: string;
	/** Button to unsubscribe from everything. */
	readonly everything: string;
	/** The person is out of a topic. `{topic}` */
	readonly leftTopic: string;
	/** The person is out of everything. */
	readonly leftEverything: string;
	/** Why everything was left, when the topic of the message has been removed. */
	readonly topicRemoved: string;
	/** Button that takes back what was just done. */
	readonly undo: string;
	/** Button that ends being out of everything. */
	readonly resubscribe: string;
	/** The person is no longer out of everything. */
	readonly resubscribed: string;
	/** Heading after topics were saved. */
	readonly saved: string;
	/** Heading after topics were saved as they were. */
	readonly unchanged: string;
	/** A topic that was switched on. `{topic}` */
	readonly switchedOn: string;
	/** A topic that was switched off. `{topic}` */
	readonly switchedOff: string;
	/** Heading where the contact was removed. */
	readonly gone: string;
	/** What that means. */
	readonly goneText: string;
	/** Heading of the confirmation page. */
	readonly confirmHeading: string;
	/** What is to be confirmed. `{address}` */
	readonly confirmText: string;
	/** Button that confirms. */
	readonly confirm: string;
	/** Heading once it is confirmed. */
	readonly confirmed: string;
	/** Heading where the confirmation was asked for anew, or for another address, since. */
	readonly outdated: string;
	/** What to do then. */
	readonly outdatedText: string;
	/** The question after an unsubscription. */
	readonly reason: string;
	/** Answer. */
	readonly reasonTooMany: string;
	/** Answer. */
	readonly reasonNotRelevant: string;
	/** Answer. */
	readonly reasonNeverSignedUp: string;
	/** Answer. */
	readonly reasonOther: string;
	/** Button below the answers. */
	readonly send: string;
	/** Heading after an answer. */
	readonly thanks: string;
	/** Heading for a link that is not one of ours, mostly because its end is missing. */
	readonly incomplete: string;
	/** What to do then. */
	readonly incompleteText: string;
	/** Heading where a message can no longer be shown. */
	readonly messageGone: string;
	/** Heading for a form that was not understood. */
	readonly refused: string;
	/** What to do then. */
	readonly refusedText: string;
	/** Heading for a failure on our side. */
	readonly failed: string;
	/** What to do then. */
	readonly failedText: string;
	/** Heading for too many requests. */
	readonly busy: string;
}

/** A text of these with its values in it. */
export function fill(texts: PageTexts, text: keyof PageTexts, values: Readonly<Record<string, string>>): string {
	return texts[text].replace(/\{(\w+)\}/g, (placeholder, name: string) => {
		const value = values[name];
		if (value === undefined) return placeholder;
		// Isolated, or punctuation at its edges would wander to the other side.
		return texts.direction === "rtl" ? `\u2068${value}\u2069` : value;
	});
}
