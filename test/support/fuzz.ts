/** How often a fuzz test runs, and with what seed. */
export interface Fuzz {
	readonly runs: number;
	readonly seed: number;
}

/** Reads `<NAME>_RUNS` and `<NAME>_SEED`, and says what it took, so that a run can be repeated. */
export function readFuzz(name: string, runs: number): Fuzz {
	const fuzz = {
		runs: Number(process.env[`${name}_RUNS`] ?? runs),
		seed: Number(process.env[`${name}_SEED`] ?? Math.floor(Math.random() * 2 ** 31)),
	};
	console.log(`${fuzz.runs} runs, seed ${fuzz.seed} (${name}_RUNS, ${name}_SEED)`);
	return fuzz;
}
