import { createHash } from "node:crypto";
import type { AudienceOptions } from "@convoke/core";

const key = (name: string): Buffer => createHash("sha256").update(name).digest();

/** What an audience needs for links that nobody follows. */
export const KEYS = {
	links: { baseUrl: "https://mail.example.com", keys: [key("link")] },
	hashKey: key("hash"),
} satisfies Partial<AudienceOptions>;
