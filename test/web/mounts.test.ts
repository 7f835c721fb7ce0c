import { createPreferencesHandler } from "@convoke/web";
import type { PageOptions } from "@convoke/web";
import { preferencePages } from "@convoke/web/express";
import express from "express";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { listRequests } from "./requests.ts";
import type { ListedRequest } from "./requests.ts";
import { MULTIPART, receives, setScene } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { MOUNTS, serve } from "./servers.ts";

/** What belongs to the connection or the host's server and not to the answer. */
const OF_THE_SERVER = ["connection", "content-length", "date", "keep-alive", "transfer-encoding", "x-powered-by"];

interface Outcome {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
	readonly receives: readonly string[];
}

/** Puts Ada back to where she was. */
async function reset({ audience, ada, news, offers, secret }: Scene): Promise<void> {
	await audience.contacts.update({ id: ada.id }, { unsubscribed: false });
	const choices = [news, offers, secret].map(({ id }) => ({ id, subscription: null }));
	await audience.contacts.topics.update({ id: ada.id }, choices);
}

function ofAnswer(headers: Iterable<readonly [string, string]>): Readonly<Record<string, string>> {
	return Object.fromEntries(
		[...headers].filter(([name]) => !OF_THE_SERVER.includes(name)).toSorted(([a], [b]) => a.localeCompare(b)),
	);
}

function send(port: number, { method, target, headers, body }: ListedRequest): Promise<Omit<Outcome, "receives">> {
	return new Promise((resolve, reject) => {
		const request = httpRequest({ port, method, path: target, agent: false, headers });
		request.on("error", reject);
		request.on("response", (response) => {
			const chunks: Buffer[] = [];
			response.on("data", (chunk: Buffer) => chunks.push(chunk));
			response.on("end", () =>
				resolve({
					status: response.statusCode ?? 0,
					headers: ofAnswer(Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const)),
					body: Buffer.concat(chunks).toString(),
				}),
			);
		});
		request.end(body);
	});
}

/** Writes bytes to a socket and reads until the server ends the connection. */
function exchange(port: number, bytes: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
		socket.on("data", (chunk: Buffer) => chunks.push(chunk));
		socket.on("error", (cause) => (chunks.length > 0 ? resolve(Buffer.concat(chunks).toString()) : reject(cause)));
		socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
	});
}

test("the list has 120 requests", async () => {
	expect(listRequests(await setScene())).toHaveLength(120);
});

test.each(MOUNTS)("$name answers the 120 requests as fetch does, to the same effect", async ({ listener }) => {
	const scene = await setScene();
	const handler = createPreferencesHandler(scene.audience);
	const port = await serve(listener(scene.audience));
	for (const each of listRequests(scene)) {
		await reset(scene);
		const { method, target, headers = {}, body } = each;
		const answer = await handler(new Request(`http://tidal.test${target}`, { method, headers, body: body ?? null }));
		const expected: Outcome = {
			status: answer.status,
			headers: ofAnswer(answer.headers),
			body: await answer.text(),
			receives: await receives(scene),
		};
		await reset(scene);
		const outcome = { ...(await send(port, each)), receives: await receives(scene) };
		expect([each.method, each.name, outcome]).toEqual([each.method, each.name, expected]);
	}
});

describe.each(MOUNTS)("$name, over a socket", ({ name, listener }) => {
	const bodies = [
		["urlencoded", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"],
		...MULTIPART.map(([what, { headers, body }]) => [what, headers["content-type"], body]),
	];

	test.each(bodies)("RFC 8058, %s: 200, no redirect, no cookie, opted out", async (_, type = "", body = "") => {
		const scene = await setScene();
		const port = await serve(listener(scene.audience));
		const head = `POST ${scene.path("unsubscribe")} HTTP/1.1\r\nHost: tidal.test\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
		const answer = await exchange(port, head + body);
		expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
		expect(answer).not.toMatch(/^(?:location|set-cookie):/im);
		expect(await receives(scene)).toEqual([]);
	});

	test("H55: TRACE is not allowed", async () => {
		const scene = await setScene();
		const port = await serve(listener(scene.audience));
		const answer = await exchange(
			port,
			`TRACE ${scene.path("unsubscribe")} HTTP/1.1\r\nHost: tidal.test\r\nConnection: close\r\n\r\n`,
		);
		expect(answer).toMatch(/^HTTP\/1\.1 405 /);
		expect(answer).toMatch(/^allow: GET, HEAD, OPTIONS, POST\r$/im);
	});

	test("a route of the host's that looks like a link stays the host's", async () => {
		const scene = await setScene();
		const port = await serve(listener(scene.audience));
		const { status, body } = await send(port, { name: "", method: "GET", target: "/u/ada" });
		expect([status, body.includes("This link is incomplete.") ? "ours" : body]).toEqual(
			// Node's own server has no other routes.
			name === "Node" ? [404, "ours"] : [200, "profile"],
		);
	});
});

const UNPARSED = MOUNTS.filter(({ name }) => !name.endsWith("before"));

describe.each(UNPARSED)("$name, a body that is no good", ({ listener }) => {
	async function post(head: string, body: string, options?: PageOptions) {
		const scene = await setScene();
		const port = await serve(listener(scene.audience, options));
		const answer = await exchange(
			port,
			`POST ${scene.path("unsubscribe")} HTTP/1.1\r\nHost: tidal.test\r\nContent-Type: application/x-www-form-urlencoded\r\n${head}\r\n\r\n${body}`,
		);
		expect(await receives(scene)).toEqual(["News", "Secret"]);
		return answer;
	}

	test("H45: 10 MB: 413, and the connection ends", async () => {
		const answer = await post("Content-Length: 10000000", "x".repeat(10_000_000));
		expect(answer).toMatch(/^HTTP\/1\.1 413 /);
		expect(answer).toMatch(/^connection: close\r$/im);
	});

	test("a link that is none: answered before the body has come, on a connection that stays", async () => {
		const { audience } = await setScene();
		const port = await serve(listener(audience));
		const head = "POST /mail/u/x HTTP/1.1\r\nHost: tidal.test\r\nContent-Length: 26\r\n";
		const socket = connect(port, "127.0.0.1", () => socket.write(`${head}\r\n`));
		let heard = "";
		const second = new Promise<void>((resolve, reject) => {
			socket.on("error", reject);
			socket.on("data", (chunk: Buffer) => {
				const before = heard.split("HTTP/1.1 404").length;
				heard += chunk.toString();
				const answers = heard.split("HTTP/1.1 404").length;
				if (answers > before && answers === 2)
					socket.write(`List-Unsubscribe=One-Click${head}\r\nList-Unsubscribe=One-Click`);
				if (answers === 3) resolve();
			});
		});
		await second;
		socket.destroy();
		expect(heard).not.toMatch(/^connection: close/im);
	});

	test("H46: fewer bytes than it says: 408, and the connection ends", async () => {
		const answer = await post("Content-Length: 26", "List-", { timeoutMs: 50 });
		expect(answer).toMatch(/^HTTP\/1\.1 408 /);
		expect(answer).toMatch(/^connection: close\r$/im);
	});
});

test("a host that has answered by then is left alone", async () => {
	const { audience, path } = await setScene();
	const app = express();
	app.use((_, response, next) => {
		next();
		response.send("from the host");
	});
	app.use("/mail", preferencePages(audience));
	const port = await serve(app);
	const answer = await send(port, { name: "", method: "GET", target: path("unsubscribe") });
	expect([answer.status, answer.body]).toEqual([200, "from the host"]);
});

test("before the host's CSRF check and session it works, and a cookie set before it goes", async () => {
	const scene = await setScene();
	const app = express();
	app.use((_, response, next) => {
		response.setHeader("set-cookie", "session=1");
		next();
	});
	app.use("/mail", preferencePages(scene.audience));
	app.use((_, response) => void response.sendStatus(403));
	const port = await serve(app);
	const one = { name: "", method: "POST", target: scene.path("unsubscribe"), body: "List-Unsubscribe=One-Click" };
	const headers = { "content-type": "application/x-www-form-urlencoded", cookie: "session=1" };
	const answer = await send(port, { ...one, headers });
	expect(answer).toMatchObject({ status: 200 });
	expect(answer.headers).not.toHaveProperty("set-cookie");
	// The token is the only credential: without it, a cookie is worth nothing.
	const foreign = await send(port, {
		...one,
		headers: { ...headers, origin: "https://evil.test" },
		target: "/mail/u/x",
	});
	expect(foreign.status).toBe(404);
});
