import type { Subscription } from "@convoke/core";
import { expect, test } from "vitest";
import { topicChanges } from "../src/topic-changes.ts";

const topic = (id: string, subscription: Subscription) => ({
	id,
	name: id,
	description: null,
	visibility: "public" as const,
	subscription,
	explicit: false,
});

// Topics by id: upper case ones are subscribed to.
test.each([
	["an untouched form", false, "Ab", "Ab", "A", ""],
	["one switched off", false, "AB", "AB", "A", "-B"],
	["one switched on", false, "Ab", "Ab", "Ab", "+b"],
	["one each way", false, "Ab", "Ab", "b", "-A+b"],
	["a topic that the form did not show", false, "AB", "B", "", "-B"],
	["an untouched form of somebody out of everything", true, "Ab", "Ab", "", ""],
	["somebody out of everything who comes back for one", true, "ABc", "ABc", "A", "+A-B"],
	["somebody out of everything who comes back for a new one", true, "Abc", "Abc", "b", "-A+b"],
])("%s", (_, unsubscribed, topics, shown, on, expected) => {
	const view = {
		unsubscribed,
		topics: Array.from(topics, (id) => topic(id, id === id.toUpperCase() ? "opt_in" : "opt_out")),
	};
	const changes = topicChanges(view, new Set(shown), new Set(on));
	expect(changes.map(({ id, subscription }) => `${subscription === "opt_in" ? "+" : "-"}${id}`).join("")).toBe(
		expected,
	);
});
