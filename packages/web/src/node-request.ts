import type { IncomingMessage, ServerResponse } from "node:http";
import type { FormSource } from "./form.ts";
import type { PageAnswer, PageRequest } from "./page-request.ts";

/** A request of Node's server, with what a host's parser may have left on it. */
export type NodeRequest = IncomingMessage & { readonly body?: unknown };

/** Reads a request of Node's server. */
export function readNodeRequest(request: NodeRequest, target: string, body: unknown): PageRequest {
	return {
		method: request.method ?? "GET",
		target,
		header: (name) => {
			const value = request.headers[name];
			return Array.isArray(value) ? value.join(", ") : value;
		},
		remoteAddress: request.socket.remoteAddress,
		form: formOf(request, body),
	};
}

function formOf(request: NodeRequest, body: unknown): FormSource {
	if (!request.readableDidRead && !request.readableEnded) {
		return { kind: "unread", chunks: () => request.iterator({ destroyOnReturn: false }) };
	}
	return body === undefined ? { kind: "consumed" } : { kind: "parsed", body };
}

/** Whether the client was sending more, or more slowly, than is read of it. Of other bodies Node drops the rest. */
export function endsConnection({ status }: PageAnswer): boolean {
	return status === 408 || status === 413;
}

/** Writes an answer. */
export function writeNodeResponse(response: ServerResponse, answer: PageAnswer): void {
	// The host may have given up waiting, and answered itself.
	if (response.headersSent) return;
	if (endsConnection(answer)) response.setHeader("connection", "close");
	// A mail program's request must get no cookie, whatever the host sets before (RFC 8058 section 3.1).
	response.removeHeader("set-cookie");
	response.writeHead(answer.status, answer.headers);
	response.end(answer.body);
}
