import { count } from "./screen.ts";

/**
 * Says how fast work goes and how long it will take, from its first report on: what was done before may be of another run.
 *
 * @param now milliseconds. @default the machine's clock
 */
export function createPace(now: () => number = () => performance.now()): (done: number, share?: number) => string {
	let first: { readonly at: number; readonly done: number; readonly share: number } | undefined;
	return (done, share = 0) => {
		const at = now();
		first ??= { at, done, share };
		const seconds = (at - first.at) / 1000;
		if (seconds < 1 || done === first.done) return "";
		const rate = `  ${count(Math.round((done - first.done) / seconds))}/s`;
		if (share <= first.share) return rate;
		return `${rate}  ${duration((seconds * (1 - share)) / (share - first.share))} left`;
	};
}

function duration(seconds: number): string {
	if (seconds < 60) return `${Math.ceil(seconds)} s`;
	return seconds < 3600 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
