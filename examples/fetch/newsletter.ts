import type { Audience } from "@convoke/core";

/** The topic that people sign up for; made at the first call. Nobody is in it who did not ask. */
export async function newsTopic(audience: Audience): Promise<{ readonly id: string }> {
	const { data } = await audience.topics.list();
	const found = data.find(({ name }) => name === "News");
	return found ?? audience.topics.create({ name: "News", defaultSubscription: "opt_out", description: "Now and then" });
}

/** Asks an address to confirm. What becomes of it is nobody's business but the address's owner's. */
export async function signUp(audience: Audience, email: string): Promise<void> {
	const contact = await audience.contacts.create({ email });
	const { outcome } = await audience.contacts.requestConfirmation(contact, { topics: [await newsTopic(audience)] });
	if (outcome.kind !== "accepted") throw new Error(`The mail server did not take the message: ${outcome.reason}`);
}

/** Sends a newsletter to everyone who confirmed, and answers with how many messages went out. */
export async function sendNewsletter(audience: Audience, subject: string, text: string): Promise<number> {
	const { id: topicId } = await newsTopic(audience);
	const { id } = await audience.broadcasts.create({ everyone: true, topicId, subject, text });
	await audience.broadcasts.send(id);
	return (await audience.worker().run()).sent;
}
