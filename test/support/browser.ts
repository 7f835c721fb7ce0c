import chromium from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";
import type { Browser } from "playwright-core";

/** A real browser: Chromium from npm on Linux, an installed Chrome elsewhere; `undefined`, and a line, without either. */
export async function launchBrowser(): Promise<Browser | undefined> {
	try {
		if (process.platform !== "linux") return await playwright.launch({ channel: "chrome" });
		// In one process, which it would choose for a small machine, the browser ends with its first page.
		const args = chromium.args.filter((arg) => arg !== "--single-process" && arg !== "--no-zygote");
		return await playwright.launch({ executablePath: await chromium.executablePath(), args });
	} catch (error) {
		console.log(
			`Skipped what needs a browser: ${error instanceof Error ? error.message.split("\n")[0] : "none starts"}`,
		);
		return undefined;
	}
}
