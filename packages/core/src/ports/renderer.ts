import type { BroadcastContent } from "../model/broadcast.ts";
import type { Contact } from "../model/contact.ts";
import type { Message } from "./transport.ts";

/** What an author wrote. */
export interface MessageSource {
	/** Subject template. */
	readonly subject: string;
	/** Preview text template. */
	readonly previewText: string | null;
	/** HTML template; never together with `mjml`. */
	readonly html: string | null;
	/** MJML template. */
	readonly mjml: string | null;
	/** Text template; `null`: make it from the HTML; empty: none. */
	readonly text: string | null;
}

/** Something that `check` has to say about a broadcast. */
export interface Finding {
	/** `error`: cannot be sent. `warning`: should not be. `info`: good to know. */
	readonly severity: "error" | "warning" | "info";
	/** Specific cause, lower snake case, stable. */
	readonly reason: string;
	/** One sentence that names the remedy. */
	readonly message: string;
	/** The field of the broadcast concerned. */
	readonly field?: string | undefined;
	/** How many: links, pictures, or recipients, as the message says. */
	readonly count?: number | undefined;
}

/** What compiling gives. */
export interface CompiledMessage {
	/** HTML template without MJML. */
	readonly html: string | null;
	/** Text template, the author's or made from the HTML. */
	readonly text: string | null;
	/**
	 * Names the templates ask for, without duplicates, in the spelling of the view: `firstName`, `lastName`, `email`,
	 * `properties.<key>`, `unsubscribeUrl`, `viewUrl`. Names that mean none of these stand as they are written.
	 */
	readonly variables: readonly string[];
	/** Those of `variables` that somewhere stand without a fallback, and not within a section that asks for them. */
	readonly unguarded: readonly string[];
	/** What the renderer noticed. */
	readonly findings: readonly Finding[];
}

/** Makes the links of a message. */
export interface MessageLinks {
	/** The recipient's own unsubscribe link; one-click by POST, a page by GET. */
	unsubscribeUrl(contactId: string): string;
	/** Where the recipient sees the message in a browser. */
	viewUrl(contactId: string): string;
}

/** Makes messages from templates. */
export interface Renderer {
	/**
	 * Compiles what the author wrote, once per broadcast.
	 *
	 * @throws `invalid_input` with `template_syntax`, `template_partial_unsupported`, `mjml_invalid`, … when the source
	 * cannot be compiled.
	 */
	compile(source: MessageSource): Promise<CompiledMessage>;
	/**
	 * The HTML template that a React element becomes.
	 *
	 * @throws `invalid_input` with `react_email_missing`, `react_failed` or `invalid_type`.
	 */
	renderReact(element: unknown): Promise<string>;
	/**
	 * Parses frozen content once and answers with the function that makes one recipient's message. That function is
	 * synchronous, and throws `render_failed` when a contact's data cannot be put into a header (`invalid_header`) or makes
	 * a part too large (`message_too_large`).
	 */
	prepare(content: BroadcastContent, links: MessageLinks): (contact: Contact) => Message;
	/**
	 * A page that shows a message as its reader would see it: one HTML document that needs no other file of ours and runs
	 * no script.
	 */
	previewPage(message: Message, findings: readonly Finding[]): string;
	/** The message alone as an HTML document for a browser, its attached pictures in place. */
	browserPage(message: Message): string;
}
