import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A way to a server that can swallow everything from a moment on, as a network does that has broken down. */
export interface Proxy {
	readonly url: string;
	/** From now on, connections that are open or yet to come stay open, and nothing gets through. */
	blackHole(): void;
}

/** Opens a way to the server of a URL. `onText` is told what clients send, before it is passed on. */
export async function openProxy(
	serverUrl: string,
	onText: (text: string, proxy: Proxy) => void = () => {},
): Promise<Proxy> {
	const target = new URL(serverUrl);
	const sockets = new Set<Socket>();
	let isOpen = true;
	const server = createServer((client) => {
		const upstream = connect(Number(target.port), target.hostname);
		for (const [from, to] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			sockets.add(from);
			from.on("error", () => {});
			from.on("close", () => isOpen && to.destroy());
			from.on("data", (data) => {
				if (from === client) onText(data.toString("latin1"), proxy);
				if (isOpen) to.write(data);
			});
		}
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	onTestFinished(async () => {
		for (const socket of sockets) socket.destroy();
		await new Promise((resolve) => {
			server.close(resolve);
		});
	});
	const address = server.address();
	if (typeof address !== "object" || address === null) throw new Error("The proxy has no port.");
	const url = new URL(serverUrl);
	url.port = String(address.port);
	const proxy: Proxy = {
		url: url.href,
		blackHole: () => {
			isOpen = false;
		},
	};
	return proxy;
}
