import type { Audience, BulkOptions, BulkProgress, BulkTarget, Subscription } from "@convoke/core";
import { atMost, EXIT, required, text, UsageError } from "../command.ts";
import type { Command, CommandRun, OptionValues } from "../command.ts";
import { createPace } from "../pace.ts";
import { clean, count } from "../screen.ts";
import { parseFilter, SELECTION_ABOUT, SELECTION_OPTIONS } from "../selection.ts";

/** Who is meant. */
type Who = Exclude<BulkTarget, { readonly refs: unknown }>;

/** What is done to each contact. */
interface BulkAct {
	/** In the words that follow "contacts". */
	readonly about: string;
	readonly run: (target: BulkTarget, options: BulkOptions) => Promise<BulkProgress>;
}

/** `convoke bulk`. */
export const bulk: Command = {
	name: "bulk",
	summary: "Change or remove many contacts at once",
	usage: [
		"bulk add-to-segment <segment id> <who> [options]",
		"bulk remove-from-segment <segment id> <who> [options]",
		"bulk subscribe <topic id> opt_in | opt_out <who> [options]",
		"bulk remove <who> --yes",
	],
	options: {
		filter: SELECTION_OPTIONS.filter,
		segment: SELECTION_OPTIONS.segment,
		everyone: { type: "boolean" },
		"dry-run": { type: "boolean" },
		yes: { type: "boolean" },
		actor: { type: "string" },
	},
	about: {
		filter: `${SELECTION_ABOUT.filter}; who is one of these three`,
		segment: "<id> the members of a segment",
		everyone: "every contact",
		"dry-run": "count them, and change nothing",
		yes: "remove them: nothing brings them back but an import",
		actor: "<name> who does it, for the record of consent",
	},
	examples: [
		`convoke bulk add-to-segment 0198c5a0-0000-7000-8000-000000000001 -d audience.db --filter '{"field":"properties.plan","op":"eq","value":"pro"}' --dry-run`,
		"convoke bulk subscribe 0198c5a0-0000-7000-8000-000000000002 opt_out -d audience.db --everyone",
		"convoke bulk remove -d audience.db --segment 0198c5a0-0000-7000-8000-000000000001 --yes",
	],
	fields: { filter: "filter", segmentId: "segment", actor: "actor" },
	run: async (run) => {
		const { args, options, screen } = run;
		const target = whoOf(options);
		const isDry = options["dry-run"] === true;
		if (args[0] === "remove" && !isDry && options["yes"] !== true) {
			throw new UsageError("To remove contacts, say --yes; to count them first, --dry-run.");
		}
		const audience = run.audience(isDry ? undefined : { writes: true });
		const act = await actOf(run, audience);
		const matching = await audience.contacts.count("everyone" in target ? {} : target);
		if (isDry) {
			screen.result({ matching, changed: 0 }, () => screen.line(`${count(matching)} contacts ${clean(act.about)}.`));
			screen.note("Nothing was changed.");
			return EXIT.ok;
		}
		screen.note(`${count(matching)} contacts ${clean(act.about)} …`);
		const interrupted = new AbortController();
		const interrupt = (): void => interrupted.abort();
		process.once("SIGINT", interrupt);
		const pace = createPace();
		const done = await act
			.run(target, {
				actor: text(options, "actor"),
				signal: interrupted.signal,
				onProgress: ({ matched }) => {
					const share = matching === 0 ? 1 : Math.min(1, matched / matching);
					screen.progress(share, `${count(matched)} contacts${pace(matched, share)}`);
				},
			})
			.finally(() => process.off("SIGINT", interrupt));
		screen.endProgress();
		const { matched, changed, optOutsKept, cursor } = done;
		screen.result({ matching, matched, changed, optOutsKept, isComplete: cursor === null }, () => {
			screen.table(["contacts", "changed", "opt-outs kept"], [[matched, changed, optOutsKept].map(count)]);
		});
		if (cursor === null) return EXIT.ok;
		screen.note("Interrupted. What is written stays; the same again changes nothing twice.");
		return INTERRUPTED;
	},
};

/** As shells have it. */
const INTERRUPTED = 130;

function whoOf(options: OptionValues): Who {
	const [filter, segmentId, everyone] = [text(options, "filter"), text(options, "segment"), options["everyone"]];
	if ([filter, segmentId, everyone].filter((given) => given !== undefined).length !== 1) {
		throw new UsageError("Say who: one of --filter, --segment and --everyone.");
	}
	if (filter !== undefined) return { filter: parseFilter(filter) };
	return segmentId === undefined ? { everyone: true } : { segmentId };
}

/** Finds out what is to be done, and that its segment or topic is there. */
async function actOf({ args }: CommandRun, audience: Audience): Promise<BulkAct> {
	const { contacts, segments, topics } = audience;
	const verb = required(args, 0, "what to do: add-to-segment, remove-from-segment, subscribe or remove");
	if (verb === "add-to-segment" || verb === "remove-from-segment") {
		atMost(args, 2);
		const segment = await segments.get(required(args, 1, "the segment's id"));
		const isAdding = verb === "add-to-segment";
		return {
			about: `${isAdding ? "into" : "out of"} the segment ${segment.name}`,
			run: (target, options) =>
				isAdding
					? contacts.bulk.addToSegments(target, [{ id: segment.id }], options)
					: contacts.bulk.removeFromSegments(target, [{ id: segment.id }], options),
		};
	}
	if (verb === "subscribe") {
		atMost(args, 3);
		const topic = await topics.get(required(args, 1, "the topic's id"));
		const given = required(args, 2, "opt_in or opt_out");
		if (given !== "opt_in" && given !== "opt_out") throw new UsageError("Say opt_in or opt_out.");
		const subscription: Subscription = given;
		return {
			about: `to ${subscription} of the topic ${topic.name}`,
			run: (target, options) => contacts.bulk.subscribe(target, [{ id: topic.id, subscription }], options),
		};
	}
	if (verb !== "remove") {
		throw new UsageError(
			`There is no \`bulk ${verb}\`, only add-to-segment, remove-from-segment, subscribe and remove.`,
		);
	}
	atMost(args, 1);
	return { about: "to remove", run: (target, options) => contacts.bulk.remove(target, options) };
}
