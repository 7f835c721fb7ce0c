// Who does what in the demo. All of them are in contacts.csv.

/** Keys of the demo, for the world to read. Yours come from your secrets, and nobody else knows them. */
export const DEMO_KEYS = {
	links: "O-boEmwJm5n-_f99rykl_iLBX9Pi7qCuH354KiuV1SY",
	addresses: "gK4fnA2zzk4koCTu0VHY6eRSNLA75E2A3yAcednUcvw",
};

/** Addresses that must not be mailed, and why. */
export const SUPPRESSED = [
	{ email: "baris.gunes@example.com", origin: "bounce" },
	{ email: "kelly@summitridge.test", origin: "complaint" },
	{ email: "t.kato@example.net", origin: "manual" },
] as const;

/** Left the topic "Product news" some time ago. */
export const LEFT_NEWS = [
	"g.hsu@merlion-ops.test",
	"matt@cedarline.example",
	"naomi.adams@cedarline.example",
	"vivian.liu@merlion-ops.test",
] as const;

/** Asked for the topic "Beta programme". */
export const BETA_TESTERS = ["k.zimmermann@alpenblick-hotels.example", "kojo.agyeman@akwaaba-crafts.example"] as const;

/** Opens the newsletter, and unsubscribes. */
export const READER = "j.andersen@fjordlys.example";
