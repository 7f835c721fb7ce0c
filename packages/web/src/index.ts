/**
 * What the links in messages lead to: one-click unsubscription, and pages on which people choose what they receive.
 * For the web's `Request` and `Response`; mounts for Express, Koa and Node are in `@convoke/web/express`, `/koa` and
 * `/node`.
 *
 * @example
 * ```ts
 * const handler = createPreferencesHandler(audience, { brand: { name: "Tidal" } });
 * ```
 *
 * @module
 */
export { createPreferencesHandler } from "./fetch.ts";
export type { LanguageOptions } from "./languages/languages.ts";
export type { PageTexts } from "./languages/page-texts.ts";
export type { LimitedRequest, LinkAudience, PageOptions, ReasonGiven } from "./page-options.ts";
export type { Brand } from "./pages/brand.ts";
export type { ColorScheme } from "./pages/colors.ts";
export { verifyMount } from "./verify-mount.ts";
export type { MountCheck, MountReport, VerifiedAudience } from "./verify-mount.ts";
export type { LeaveReason } from "./pages/reason-form.ts";
