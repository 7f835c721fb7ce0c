import { createTestAudience } from "@convoke/testing";
import { ConvokeError } from "@convoke/core";
import { createSqliteStorage } from "@convoke/sqlite";

// Does one thing to a file as a user who may not write it, and prints how that ended.
const [filename = "", verb = "", userId = "65534"] = process.argv.slice(2);
process.setuid?.(Number(userId));
const audience = createTestAudience().audience.using(createSqliteStorage({ filename, busySeconds: 0.2 }));
try {
	if (verb === "migrate") await audience.migrate();
	else if (verb === "read") await audience.contacts.list();
	else await audience.contacts.create({ email: "ada@example.test" });
	console.log(JSON.stringify({ ended: "well" }));
} catch (error) {
	const { code, reason, message } = ConvokeError.is(error)
		? error
		: { code: "none", reason: String(error), message: "" };
	console.log(JSON.stringify({ code, reason, message }));
}
