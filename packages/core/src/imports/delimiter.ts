/** What may stand between the cells of a row. */
export type Delimiter = "," | ";" | "\t" | "|";

/** The delimiters, in the order in which they are preferred. */
export const DELIMITERS: readonly Delimiter[] = [",", ";", "\t", "|"];

/** What the header says about the rest of the file. */
export interface DetectedDelimiter {
	/** What stands most often in the header, outside of quotes; a comma if nothing does. */
	readonly delimiter: Delimiter;
	/** How often. */
	readonly count: number;
}

/** Looks for the delimiter in the first line that is not blank. */
export interface DelimiterScan {
	/** Takes the next piece; true when the line has ended. */
	readonly push: (piece: string) => boolean;
	/** What was found so far. */
	readonly found: () => DetectedDelimiter;
}

/** Begins to look for the delimiter, at the start of a text with LF as line end. */
export function createDelimiterScan(): DelimiterScan {
	const counts = new Map<string, number>();
	let isQuoted = false;
	let isBlank = true;

	function take(character: string): void {
		if (character === '"') isQuoted = !isQuoted;
		if (!isQuoted && isDelimiter(character)) counts.set(character, (counts.get(character) ?? 0) + 1);
		else if (character.trim() !== "") isBlank = false;
	}

	return {
		push: (piece) => {
			for (const character of piece) {
				if (character !== "\n" || isQuoted) take(character);
				else if (isBlank) counts.clear();
				else return true;
			}
			return false;
		},
		found: () => {
			const found = DELIMITERS.map((delimiter) => ({ delimiter, count: counts.get(delimiter) ?? 0 }));
			return found.reduce((best, next) => (next.count > best.count ? next : best));
		},
	};
}

function isDelimiter(character: string): character is Delimiter {
	return DELIMITERS.some((delimiter) => delimiter === character);
}
