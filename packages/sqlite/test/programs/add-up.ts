import { createSqliteStorage } from "@convoke/sqlite";

// Adds 1 to a property of a contact, read and written in one unit, until its time is over, and prints how often.
const [filename = "", id = "", milliseconds = "0"] = process.argv.slice(2);
const storage = createSqliteStorage({ filename });
const tenant = storage.forTenant("default");
const end = performance.now() + Number(milliseconds);
let added = 0;
while (performance.now() < end) {
	await tenant.changeContacts([{ key: { id } }], ([found]) => {
		const contact = found?.contact;
		if (contact === undefined) throw new Error("The contact is gone.");
		const write = { ...contact, properties: { sum: Number(contact.properties["sum"]) + 1 } };
		return { contacts: [{ write, retain: [], events: [] }] };
	});
	added += 1;
	// Others of this process may do something too.
	await new Promise((resolve) => setImmediate(resolve));
}
await storage.close();
console.log(JSON.stringify(added));
