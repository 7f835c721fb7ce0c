import type { TenantContext } from "../context.ts";
import type { Broadcast } from "../model/broadcast.ts";
import type { Finding } from "../ports/renderer.ts";
import { Properties } from "../resources/properties.ts";
import { bySeverity } from "./findings.ts";
import { examine } from "./freeze.ts";
import { findMissingValues } from "./missing-values.ts";

/**
 * All there is to say about a broadcast before it is sent: what keeps it from being sent, and what counting the
 * recipients without a value tells.
 */
export async function check(context: TenantContext, broadcast: Broadcast): Promise<readonly Finding[]> {
	const { findings, unguarded } = await examine(context, broadcast);
	const types = await new Properties(context).types();
	return bySeverity([...findings, ...(await findMissingValues(context, broadcast, unguarded, types))]);
}
