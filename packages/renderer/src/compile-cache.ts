import type { CompiledMessage, MessageSource } from "@convoke/core";
import { hash } from "node:crypto";

type Compile = (source: MessageSource) => Promise<CompiledMessage>;

interface Entry {
	readonly compiled: CompiledMessage;
	readonly size: number;
}

/** In characters, of the templates in it: a few newsletters. */
const CAPACITY = 500_000;

/**
 * Compiles a source once while it is checked, previewed, tested and sent, one after the other. It remembers the ones
 * used last, as far as there is room: a source and what it became are too large to keep them all.
 */
export class CompileCache {
	readonly #compile: Compile;
	/** The one used last stands last. */
	readonly #entries = new Map<string, Entry>();
	#size = 0;

	constructor(compile: Compile) {
		this.#compile = compile;
	}

	/** @throws as what it was made with; failures are not remembered. */
	async compile(source: MessageSource): Promise<CompiledMessage> {
		const key = keyOf(source);
		const found = this.#entries.get(key);
		this.#forget(key);
		const compiled = found?.compiled ?? (await this.#compile(source));
		this.#remember(key, compiled);
		return compiled;
	}

	#remember(key: string, compiled: CompiledMessage): void {
		const size = key.length + (compiled.html?.length ?? 0) + (compiled.text?.length ?? 0);
		if (size > CAPACITY) return;
		// Another call may have been quicker.
		this.#forget(key);
		this.#entries.set(key, { compiled, size });
		this.#size += size;
		for (const oldest of this.#entries.keys()) {
			if (this.#size <= CAPACITY) break;
			this.#forget(oldest);
		}
	}

	#forget(key: string): void {
		this.#size -= this.#entries.get(key)?.size ?? 0;
		this.#entries.delete(key);
	}
}

function keyOf({ subject, previewText, html, mjml, text }: MessageSource): string {
	return hash("sha256", JSON.stringify([subject, previewText, html, mjml, text]), "base64url");
}
