import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import { invalidToken, tenantContext } from "../resources/preferences.ts";
import { toContact } from "../resources/contact-units.ts";
import { rendererOf } from "./freeze.ts";
import { messageMaker } from "./prepared-broadcast.ts";

/** The message behind a link to see it in a browser; see `broadcasts.view`. */
export async function viewMessage(context: TenantContext, token: string): Promise<string> {
	const subject = context.tokens.open("view", token);
	const tenantId = subject && (await context.storage.findTenant({ contactId: subject.contactId }));
	if (subject === undefined || tenantId === undefined) throw invalidToken();
	const own = tenantContext(context, tenantId);
	const [[contact], content] = await Promise.all([
		own.tenant.findContacts([{ id: subject.contactId }]),
		subject.broadcastId === undefined ? undefined : own.tenant.findContent(subject.broadcastId),
	]);
	if (contact === undefined || content === undefined) throw notFound("message");
	return rendererOf(own).browserPage(messageMaker(own, content)(toContact(contact)));
}
