/**
 * Makes messages from what an author wrote: MJML, HTML or text with placeholders, the text part, unsubscribe links and
 * headers, and a footer where the author left the link out.
 *
 * It is no general template engine: templates hold no logic but sections, and a contact's data is only ever data. It
 * decides nothing about who receives a message and sends none.
 *
 * ```ts
 * const renderer = createRenderer();
 * ```
 *
 * @module
 */
export { createRenderer } from "./renderer.ts";
export type { RendererOptions } from "./renderer.ts";
