import type { DomNode, FormatCallback, RecursiveCallback } from "html-to-text";

type Builder = Parameters<FormatCallback>[2];

// What a cell of a table of data does not hold.
const BLOCKS: ReadonlySet<string> = new Set([
	"blockquote",
	"div",
	"h1",
	"h2",
	"h3",
	"h4",
	"h5",
	"h6",
	"img",
	"ol",
	"p",
	"table",
	"ul",
]);
const GROUPS: ReadonlySet<string> = new Set(["tbody", "tfoot", "thead"]);

/**
 * Writes a table of data row by row, `Seats | Amount`, and one that is there for the layout as if it were none. Columns
 * are not lined up: how long values are is not known yet.
 */
export const formatTable: FormatCallback = (element, walk, builder, options) => {
	const isData = isDataTable(element);
	builder.openBlock({ leadingLineBreaks: isData ? 2 : (options.leadingLineBreaks ?? 1) });
	if (isData) writeRows(element, walk, builder);
	else walk(element.children, builder);
	builder.closeBlock({ trailingLineBreaks: isData ? 2 : (options.trailingLineBreaks ?? 1) });
};

function writeRows({ children }: DomNode, walk: RecursiveCallback, builder: Builder): void {
	for (const child of children ?? []) {
		if (child.name === "tr") {
			builder.openBlock({ leadingLineBreaks: 1 });
			writeCells(child, walk, builder);
			builder.closeBlock({ trailingLineBreaks: 1 });
		} else if (GROUPS.has(child.name ?? "")) {
			writeRows(child, walk, builder);
		} else {
			walk([child], builder);
		}
	}
}

function writeCells({ children }: DomNode, walk: RecursiveCallback, builder: Builder): void {
	let isFirst = true;
	for (const child of children ?? []) {
		if (isCell(child)) {
			if (!isFirst) builder.addInline(" | ");
			isFirst = false;
			walk(child.children, builder);
		} else {
			walk([child], builder);
		}
	}
}

function isDataTable({ attribs, children }: DomNode): boolean {
	const role = attribs?.["role"];
	if (role === "presentation" || role === "none") return false;
	const rows = rowsOf(children);
	return rows.some((row) => (row.children ?? []).filter(isCell).length > 1) && !rows.some(hasBlock);
}

function rowsOf(children: readonly DomNode[] | undefined): readonly DomNode[] {
	return (children ?? []).flatMap((child) => {
		if (child.name === "tr") return [child];
		return GROUPS.has(child.name ?? "") ? rowsOf(child.children) : [];
	});
}

function hasBlock({ children }: DomNode): boolean {
	return (children ?? []).some((child) => BLOCKS.has(child.name ?? "") || hasBlock(child));
}

function isCell({ name }: DomNode): boolean {
	return name === "td" || name === "th";
}
