import { dirname, join, relative, resolve, sep } from "node:path";

// The lint rules that oxlint does not have.

/** Which of our packages each may import. Its tests may also import itself, and the test kit where that builds on neither. */
const BUILDS_ON: Readonly<Record<string, readonly string[]>> = {
	core: [],
	kysely: ["core"],
	postgres: ["kysely", "core"],
	sqlite: ["kysely", "core"],
	renderer: ["core"],
	smtp: ["core"],
	resend: ["core"],
	web: ["core"],
	"resend-api": ["web", "core"],
	testing: ["renderer", "core"],
	cli: ["kysely", "postgres", "sqlite", "renderer", "smtp", "resend", "web", "resend-api", "testing", "core"],
};

/** What packages publish besides their main entry. */
const SUBPATHS: readonly string[] = ["core/exam", "web/express", "web/koa", "web/node"];

interface Literal {
	readonly type: string;
	readonly value?: unknown;
}

interface ImportNode {
	readonly source: Literal | null;
}

interface CallNode {
	readonly arguments: readonly unknown[];
	readonly callee: { readonly type: string; readonly name?: string };
}

interface Context {
	readonly filename: string;
	report(finding: { readonly node: ImportNode | CallNode; readonly message: string }): void;
}

const ROOT = join(import.meta.dirname, "..");

/** The folder that a file may not leave by a relative import: its package, its example, or one of the root. */
function home(file: string): readonly string[] {
	const parts = relative(ROOT, file).split(sep);
	return parts[0] === "packages" || parts[0] === "examples" ? parts.slice(0, 2) : [];
}

function objection(file: string, specifier: string): string | undefined {
	const [area, name = ""] = home(file);
	if (specifier.startsWith(".")) {
		const target = resolve(dirname(file), specifier);
		const there = home(target);
		if (there.join("/") === home(file).join("/") && !target.startsWith(`..${sep}`)) return undefined;
		return there[0] === "packages"
			? "Import another package by its name."
			: "A package or an example imports nothing outside its folder but packages.";
	}
	if (!specifier.startsWith("@convoke/")) return undefined;
	const wanted = specifier.slice("@convoke/".length);
	const [sister = ""] = wanted.split("/");
	if (wanted !== sister && !SUBPATHS.includes(wanted)) return "Import what the package publishes.";
	if (area !== "packages") return undefined;
	const allowed = BUILDS_ON[name];
	if (allowed === undefined) return `Say in scripts/lint.ts which packages ${name} builds on.`;
	if (allowed.includes(sister)) return undefined;
	const isSource = relative(join(ROOT, area, name), file).startsWith(`src${sep}`);
	if (!isSource && (sister === name || (sister === "testing" && !BUILDS_ON["testing"]?.includes(name))))
		return undefined;
	return `${name} builds on ${allowed.length === 0 ? "none of our packages" : `${allowed.join(", ")} alone`}.`;
}

const plugin = {
	meta: { name: "convoke" },
	rules: {
		// Packages form a strict DAG and are imported by what they publish.
		"package-imports": {
			create(context: Context) {
				const visit = (node: ImportNode): void => {
					if (typeof node.source?.value !== "string") return;
					const message = objection(context.filename, node.source.value);
					if (message !== undefined) context.report({ node, message });
				};
				return {
					ImportDeclaration: visit,
					ImportExpression: visit,
					ExportAllDeclaration: visit,
					ExportNamedDeclaration: visit,
					TSImportType: visit,
				};
			},
		},
		// `new Date()` and `Date()` read the clock of the machine.
		"no-current-date": {
			create(context: Context) {
				const message = "Take the time from the injected clock.";
				const isDate = (node: CallNode): boolean => node.callee.type === "Identifier" && node.callee.name === "Date";
				return {
					NewExpression(node: CallNode): void {
						if (isDate(node) && node.arguments.length === 0) context.report({ node, message });
					},
					CallExpression(node: CallNode): void {
						if (isDate(node)) context.report({ node, message });
					},
				};
			},
		},
	},
};

export default plugin;
