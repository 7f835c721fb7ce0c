/** Turns every line end (CR LF, LF, CR) into LF, piece by piece. */
export function createLineEnds(): (piece: string) => string {
	let endedInCr = false;
	return (piece) => {
		if (piece === "") return piece;
		// The CR was answered as a line end already.
		const text = endedInCr && piece.startsWith("\n") ? piece.slice(1) : piece;
		endedInCr = piece.endsWith("\r");
		return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
	};
}

/** How many line ends (LF) a text has. */
export function countLineEnds(text: string): number {
	let count = 0;
	for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
	return count;
}
