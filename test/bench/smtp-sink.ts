import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

// A mail server that takes and forgets everything, each message after the milliseconds of the first argument. It tells
// the process that started it by which port to reach it, and ends with it.

const ms = Number(process.argv[2]);
const server = new SMTPServer({
	authOptional: true,
	disabledCommands: ["STARTTLS"],
	disableReverseLookup: true,
	onData(stream, _session, done) {
		stream.resume();
		stream.on("end", () => {
			if (ms === 0) done();
			else setTimeout(done, ms);
		});
	},
});
server.listen(0, "127.0.0.1", () => process.send?.((server.server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit());
