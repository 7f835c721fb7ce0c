import { invalidInput } from "@convoke/core";
import { checkColors } from "./colors.ts";
import type { ColorScheme } from "./colors.ts";

/** Whose pages these are, and what they look like. */
export interface Brand {
	/** Shown at the top of every page and in its title; at most 200 characters. */
	readonly name?: string | undefined;
	/** Shown beside the name: a picture as a `data:` URL of at most 12,000 characters, for the pages load no files. */
	readonly logo?: string | undefined;
	/** Where the name leads: an https URL. It is fixed, so that no link can send people elsewhere. */
	readonly homeUrl?: string | undefined;
	/** Colours, each scheme with its own; what is left out stays as it is. */
	readonly colors?: { readonly light?: ColorScheme | undefined; readonly dark?: ColorScheme | undefined } | undefined;
}

const LOGO = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}$/;
const MAX_LOGO = 12_000;
const HOME = /^https:\/\/[^\s{}<>"'\\]+$/;

/**
 * Checks a brand.
 *
 * @throws `invalid_input` with `invalid_text`, `invalid_logo`, `invalid_url`, `invalid_color` or `low_contrast`.
 */
export function checkBrand(brand: Brand): Brand {
	const { name, logo, homeUrl, colors } = brand;
	if (name !== undefined && (typeof name !== "string" || name.trim() === "" || name.length > 200)) {
		throw invalidInput("invalid_text", "brand.name", "`brand.name` must be a text of 1 to 200 characters.");
	}
	if (logo !== undefined && (typeof logo !== "string" || logo.length > MAX_LOGO || !LOGO.test(logo))) {
		const message = `\`brand.logo\` must be a picture as a base64 data: URL of at most ${MAX_LOGO} characters.`;
		throw invalidInput("invalid_logo", "brand.logo", message);
	}
	if (homeUrl !== undefined && (typeof homeUrl !== "string" || !HOME.test(homeUrl) || !URL.canParse(homeUrl))) {
		const message = "`brand.homeUrl` must be a complete https URL without placeholders.";
		throw invalidInput("invalid_url", "brand.homeUrl", message);
	}
	checkColors(colors?.light, "light");
	checkColors(colors?.dark, "dark");
	return brand;
}
