import type { PageRequest } from "../ports/storage.ts";
import { OrderedRows } from "./ordered-rows.ts";

/** Entities of one kind, handed in and out by value. */
export class EntityRows<Entity extends { readonly id: string }> {
	readonly #rows = new OrderedRows<Entity>();

	/** `false`: the id is taken. */
	insert(entity: Entity): boolean {
		if (this.#rows.get(entity.id) !== undefined) return false;
		this.#rows.set(structuredClone(entity));
		return true;
	}

	/** The stored entity itself, to look at. */
	peek(id: string): Entity | undefined {
		return this.#rows.get(id);
	}

	/** The stored entities themselves, to look at, by ascending id. */
	*peekAll(): Generator<Entity, void> {
		for (let position = 0; position < this.#rows.end; position += 1) {
			const entity = this.#rows.at(position);
			if (entity !== undefined) yield entity;
		}
	}

	/** One entity. */
	find(id: string): Entity | undefined {
		return structuredClone(this.#rows.get(id));
	}

	/** A page, newest first. */
	page(page: PageRequest): readonly Entity[] {
		return structuredClone(this.#rows.page(page));
	}

	/** `false`: no such entity. */
	update(id: string, changes: Partial<Omit<Entity, "id">>): boolean {
		const entity = this.#rows.get(id);
		if (entity === undefined) return false;
		this.#rows.set({ ...entity, ...structuredClone(changes), id });
		return true;
	}

	/** Replaces the entity with its id. */
	replace(entity: Entity): void {
		this.#rows.set(structuredClone(entity));
	}

	/** `false`: no such entity. */
	delete(id: string): boolean {
		return this.#rows.delete(id);
	}
}
