import { z } from "zod";
import { checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { parseEmailAddress } from "../email-address.ts";
import type { EmailAddress } from "../email-address.ts";
import { invalidInput } from "../errors.ts";
import type { Broadcast } from "../model/broadcast.ts";
import type { Message, Transport, TransportOutcome } from "../ports/transport.ts";
import { freeze, senderOf } from "./freeze.ts";
import { handOver } from "./hand-over.ts";
import { messageMaker } from "./prepared-broadcast.ts";
import { frozenContent } from "./preview.ts";
import { readSample } from "./sample-contact.ts";
import type { PreviewOptions } from "./sample-contact.ts";

/** To whom a test goes, and with whose data. */
export interface TestOptions extends PreviewOptions {
	/** One address, or up to 20. */
	readonly to: string | readonly string[];
}

/** What became of one test message. */
export interface TestDelivery {
	/** As it was given. */
	readonly address: string;
	/** What the transport answered. */
	readonly outcome: TransportOutcome;
}

const MAX_ADDRESSES = 20;
const TIMEOUT_MS = 300_000;

const testOptions = z.looseObject({ to: z.unknown() });

/** Sends a broadcast's message to addresses, beside its plan. */
export async function sendTest(
	context: TenantContext,
	broadcast: Broadcast,
	options: TestOptions,
): Promise<readonly TestDelivery[]> {
	const { to: wanted, ...selection } = checkInput(testOptions, options, "options");
	const addresses = readAddresses(wanted);
	const { contact, hasAddress } = await readSample(context, selection);
	const content = (await frozenContent(context, broadcast)) ?? (await freeze(context, broadcast));
	const { transport } = await senderOf(context, broadcast);
	const make = messageMaker(context, content);
	const deliveries: TestDelivery[] = [];
	for (const { given, to } of addresses) {
		// An id of its own for each, so that no two are the same message to a provider.
		const message = make({ ...contact, id: context.newId(), email: hasAddress ? contact.email : to.address });
		const outcome = await deliver(context, transport, { ...message, to: { name: null, address: to.address } }, to);
		deliveries.push({ address: given, outcome });
	}
	return deliveries;
}

async function deliver(
	context: TenantContext,
	transport: Transport,
	message: Message,
	to: EmailAddress,
): Promise<TransportOutcome> {
	if ((await context.tenant.findSuppression(context.hashAddress(to.key))) !== undefined) {
		return { kind: "rejected", reason: "suppressed" };
	}
	if (to.needsSmtputf8 && !transport.smtputf8) return { kind: "rejected", reason: "address_needs_smtputf8" };
	return handOver(transport, message, context.clock, TIMEOUT_MS);
}

function readAddresses(to: unknown): readonly { readonly given: string; readonly to: EmailAddress }[] {
	const list: readonly unknown[] = Array.isArray(to) ? to : [to];
	if (list.length === 0 || list.length > MAX_ADDRESSES) {
		throw invalidInput("too_many_addresses", "to", `A test goes to 1 to ${MAX_ADDRESSES} addresses.`);
	}
	return list.map((address) => {
		const parsed = parseEmailAddress(address, "to");
		return { given: String(address), to: parsed };
	});
}
