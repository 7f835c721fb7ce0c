import type { Preferences, TopicChoice } from "@convoke/core";

/**
 * What a form of switches asks to change: only what differs from what the person receives now, so that saving an
 * untouched form makes no choices.
 *
 * Whoever is out of everything receives no topic. Switching one on ends that, so the topics shown beside it that stay off
 * have to be left one by one, or they would be back on with it.
 */
export function topicChanges(
	{ unsubscribed, topics }: Pick<Preferences, "unsubscribed" | "topics">,
	shown: ReadonlySet<string>,
	on: ReadonlySet<string>,
): readonly TopicChoice[] {
	const returns = unsubscribed && topics.some(({ id }) => shown.has(id) && on.has(id));
	return topics
		.filter(({ id }) => shown.has(id))
		.flatMap(({ id, subscription }): TopicChoice[] => {
			const isOn = subscription === "opt_in";
			if (on.has(id)) return isOn && !unsubscribed ? [] : [{ id, subscription: "opt_in" }];
			return isOn && (!unsubscribed || returns) ? [{ id, subscription: "opt_out" }] : [];
		});
}
