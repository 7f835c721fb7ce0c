import { invalidInput } from "@convoke/core";

/** Colours as `#rrggbb`. */
export interface ColorScheme {
	/** Behind everything. */
	readonly background?: string | undefined;
	/** Text and outlines; its contrast with the background must be 4.5 or more (WCAG 2.2, 1.4.3). */
	readonly text?: string | undefined;
	/** Main button and switches that are on. Any will do: they have outlines, and text in black or white. */
	readonly accent?: string | undefined;
}

/** A scheme's name. */
export type Scheme = "light" | "dark";

const COLOR = /^#[0-9a-f]{6}$/i;

const DEFAULTS: Readonly<Record<Scheme, Required<{ readonly [K in keyof ColorScheme]: string }>>> = {
	light: { background: "#ffffff", text: "#16202a", accent: "#1d4ed8" },
	dark: { background: "#12181f", text: "#e8edf2", accent: "#8ab4f8" },
};

/** @throws `invalid_input` with `invalid_color` or `low_contrast`. */
export function checkColors(colors: ColorScheme = {}, scheme: Scheme): void {
	for (const [name, color] of Object.entries(colors)) {
		if (color === undefined || (typeof color === "string" && COLOR.test(color))) continue;
		const field = `brand.colors.${scheme}.${name}`;
		throw invalidInput("invalid_color", field, `\`${field}\` must be a colour such as #1d4ed8.`);
	}
	const { background, text } = merged(colors, scheme);
	if (contrast(background, text) >= 4.5) return;
	const message = `Text in the ${scheme} scheme has a contrast below 4.5 with its background; choose other colours.`;
	throw invalidInput("low_contrast", `brand.colors.${scheme}`, message);
}

/** The colours as custom properties of a style sheet. */
export function colorVariables(colors: ColorScheme = {}, scheme: Scheme): string {
	const { background, text, accent } = merged(colors, scheme);
	const onAccent = contrast(accent, "#000000") > contrast(accent, "#ffffff") ? "#000000" : "#ffffff";
	return `--background:${background};--text:${text};--accent:${accent};--on-accent:${onAccent}`;
}

function merged(colors: ColorScheme, scheme: Scheme) {
	const { background, text, accent } = DEFAULTS[scheme];
	return {
		background: colors.background ?? background,
		text: colors.text ?? text,
		accent: colors.accent ?? accent,
	};
}

/** WCAG 2.2, definition of contrast ratio. */
function contrast(a: string, b: string): number {
	const [light = 0, dark = 0] = [luminance(a), luminance(b)].toSorted((one, other) => other - one);
	return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
	const [red = 0, green = 0, blue = 0] = [1, 3, 5]
		.map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
		.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
