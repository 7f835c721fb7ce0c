import { ConvokeError } from "@convoke/core";
import { expect } from "vitest";
import type { Row } from "./row.ts";
import { show } from "./row.ts";
import type { World } from "./world.ts";

type Spelling = readonly [what: string, change: (token: string) => readonly string[]];

/** H63–H66: what is no token of ours, and other spellings of one that is. */
export const tokens: readonly Row[] = (
	[
		[63, ["with any of its 528 bits flipped", flipped]],
		[64, ["with padding", (token) => ["=", "==", "%3D"].map((end) => token + end)]],
		[64, ["with white space after it", (token) => ["\n", "\r\n", " ", "\t", "\0"].map((end) => token + end)]],
		[64, ["with white space in it", (token) => inside(token, [" ", "\n", "=", "\r\n", "."])]],
		[64, ["with white space in place of its end", (token) => [`${token.slice(0, 87)} `, ` ${token.slice(1)}`]]],
		[65, ["with its last character changed", (token) => lastChanged(token)]],
		[65, ["a character shorter or longer", (token) => [token.slice(0, 87), token.slice(1), `${token}A`, `A${token}`]]],
		[66, ["in the other alphabet", (token) => [...inOtherAlphabet(token)]]],
		[66, ["percent-encoded", (token) => [encodeURIComponent(`${token}+`), `%${token.slice(1)}`]]],
	] as const satisfies readonly (readonly [number, Spelling])[]
).flatMap(([h, spelling]) => rows(h, spelling));

function rows(h: number, [what, change]: Spelling): readonly Row[] {
	return (["unsubscribe", "preferences"] as const).map((purpose) => ({
		h,
		name: `a token for ${purpose} ${what}, one answer for all of them and nothing looked up,`,
		act: (world) => async () => {
			const token = await (purpose === "unsubscribe" ? unsubscribeToken(world) : preferencesToken(world));
			const changed = change(token);
			expect(changed.length).toBeGreaterThan(0);
			world.calls.reads.length = 0;
			world.calls.writes.length = 0;
			const answers = new Set<string>();
			for (const spelling of changed) {
				for (const verb of ["open", "unsubscribe"] as const) {
					answers.add(
						await world.audience.preferences[verb](spelling).then(
							() => `${show(spelling)} was taken`,
							(error: unknown) =>
								ConvokeError.is(error) ? `${error.code} ${error.reason} ${error.message}` : String(error),
						),
					);
				}
			}
			expect([...answers]).toEqual([
				"invalid_token invalid_token This link is incomplete or not one of ours; open it again from the message.",
			]);
			expect([world.calls.reads, world.calls.writes]).toEqual([[], []]);
			await expect(world.audience.preferences.open(token)).resolves.toBeDefined();
		},
	}));
}

async function unsubscribeToken({ audience, outbox, draft, ada }: World): Promise<string> {
	await audience.broadcasts.send(draft.id);
	await audience.worker().run();
	const message = outbox.messages.find(({ to }) => to.address === ada.email);
	return tokenOf(message?.headers["List-Unsubscribe"] ?? "");
}

async function preferencesToken({ audience, ada }: World): Promise<string> {
	return tokenOf(await audience.preferences.url({ id: ada.id }));
}

function tokenOf(text: string): string {
	const token = /\/[up]\/([\w-]{88})(?:>|$)/.exec(text)?.[1];
	if (token === undefined) throw new Error("There is no token in the link.");
	return token;
}

function flipped(token: string): readonly string[] {
	return Array.from({ length: 528 }, (_, bit) => {
		const bytes = Buffer.from(token, "base64url");
		bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
		return bytes.toString("base64url");
	});
}

function inside(token: string, parts: readonly string[]): readonly string[] {
	return parts.flatMap((part) => [1, 44, 87].map((at) => token.slice(0, at) + part + token.slice(at)));
}

function lastChanged(token: string): readonly string[] {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	return Array.from(alphabet, (last) => token.slice(0, 87) + last).filter((changed) => changed !== token);
}

/** Also where the token has neither `-` nor `_`. */
function inOtherAlphabet(token: string): readonly string[] {
	return [`${token.slice(0, 40)}+${token.slice(41)}`, `${token.slice(0, 40)}/${token.slice(41)}`].concat(
		/[-_]/.test(token) ? [token.replaceAll("-", "+").replaceAll("_", "/")] : [],
	);
}
