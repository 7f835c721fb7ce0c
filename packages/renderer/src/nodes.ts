import type { PropertyValue } from "@convoke/core";
import { isSafeUrl } from "./escape.ts";
import type { Variable } from "./variable.ts";

/** A piece of a prepared part. */
export type Node =
	| { readonly kind: "text"; readonly text: string }
	/** `fallback` is written as it is, so it is escaped already. */
	| { readonly kind: "value"; readonly variable: Variable; readonly fallback: string | null }
	| {
			readonly kind: "section";
			readonly variable: Variable;
			readonly inverted: boolean;
			readonly nodes: readonly Node[];
	  }
	/** The unsubscribe link; `visible` where a reader finds it. */
	| { readonly kind: "link"; readonly visible: boolean }
	/** The whole value of an attribute that leads somewhere, which data begins. */
	| { readonly kind: "url"; readonly nodes: readonly Node[] }
	/** The place for the preview text. */
	| { readonly kind: "preheader" };

/** A prepared part, cut in two where a footer would go. */
export interface Part {
	readonly head: readonly Node[];
	readonly tail: readonly Node[];
}

/** What a part of a message is made of. */
export interface Scope {
	/** The contact's own value; null when there is none. */
	own(variable: Variable): PropertyValue | null;
	/** How a value that is there reads. */
	show(value: PropertyValue, variable: Variable): string;
	/** How the fallback of a property reads; empty when there is none. */
	fallback(variable: Variable): string;
	/** Makes text data of this part. */
	escape(text: string): string;
	readonly unsubscribeUrl: string;
	readonly preheader: string;
	readonly footer: string;
	/** Whether the reader has been shown the link. */
	linked: boolean;
}

interface Self {
	readonly value: PropertyValue;
	readonly variable: Variable;
}

/** Writes one part, with its footer unless the reader has been shown the link. */
export function renderPart(part: Part, scope: Scope): string {
	const head = renderNodes(part.head, scope);
	const tail = renderNodes(part.tail, scope);
	return head + (scope.linked ? "" : scope.footer) + tail;
}

function renderNodes(nodes: readonly Node[], scope: Scope, self?: Self): string {
	let out = "";
	for (const node of nodes) out += node.kind === "text" ? node.text : renderNode(node, scope, self);
	return out;
}

function renderNode(node: Exclude<Node, { kind: "text" }>, scope: Scope, self: Self | undefined): string {
	switch (node.kind) {
		case "value":
			return renderValue(node.variable, node.fallback, scope, self);
		case "section":
			return renderSection(node, scope, self);
		case "link":
			if (node.visible) scope.linked = true;
			return scope.escape(scope.unsubscribeUrl);
		case "url": {
			const url = renderNodes(node.nodes, scope, self);
			return isSafeUrl(url) ? url : "about:blank";
		}
		case "preheader":
			return scope.preheader;
	}
}

function renderValue(variable: Variable, fallback: string | null, scope: Scope, self: Self | undefined): string {
	if (variable.kind === "self") return self === undefined ? "" : scope.escape(scope.show(self.value, self.variable));
	const value = scope.own(variable);
	if (value !== null && value !== "") return scope.escape(scope.show(value, variable));
	return fallback ?? scope.escape(scope.fallback(variable));
}

function renderSection(node: Node & { kind: "section" }, scope: Scope, self: Self | undefined): string {
	const value = node.variable.kind === "self" ? (self?.value ?? null) : scope.own(node.variable);
	// As mustache.js: missing, false, empty and zero are false.
	const holds = value !== null && value !== false && value !== "" && value !== 0;
	if (holds === node.inverted) return "";
	const inner = holds
		? { value, variable: node.variable.kind === "self" && self ? self.variable : node.variable }
		: self;
	return renderNodes(node.nodes, scope, inner);
}
