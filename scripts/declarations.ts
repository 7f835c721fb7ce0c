import { globSync, readFileSync, writeFileSync } from "node:fs";

// tsc leaves `./x.ts` in the declarations it emits, and no such file is published. Runs in the folder of a package.
for (const file of globSync("dist/**/*.d.ts")) {
	const text = readFileSync(file, "utf8");
	const mended = text.replaceAll(/(\bfrom\s*|\bimport\s*\(?\s*)"(\.\.?\/[^"]*)\.ts"/g, '$1"$2.js"');
	if (mended !== text) writeFileSync(file, mended);
}
