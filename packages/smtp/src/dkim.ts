import { invalidInput } from "@convoke/core";
import { createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { DKIMOptions } from "nodemailer";
import type { SmtpDkim } from "./smtp-options.ts";

// RFC 8058 section 4: the signature must cover both, or receivers ignore one-click.
const ONE_CLICK: readonly string[] = ["List-Unsubscribe", "List-Unsubscribe-Post"];

// RFC 6376 section 5.4.1 as nodemailer lists it, which has no `List-Unsubscribe-Post`.
const SIGNED: readonly string[] = [
	"From:Sender:Reply-To:Subject:Date:Message-ID:To",
	"Cc:MIME-Version:Content-Type:Content-Transfer-Encoding:Content-ID",
	"Content-Description:Resent-Date:Resent-From:Resent-Sender",
	"Resent-To:Resent-Cc:Resent-Message-ID:In-Reply-To:References",
	"List-Id:List-Help:List-Subscribe:List-Post:List-Owner:List-Archive",
	...ONE_CLICK,
];

/**
 * The signing options for nodemailer, which by default leaves `List-Unsubscribe-Post` unsigned, and which sends unsigned
 * without a word when it cannot use the key.
 *
 * @throws `invalid_input` with `dkim_missing_one_click` or `invalid_dkim_key`.
 */
export function toDkim(dkim: SmtpDkim): DKIMOptions {
	const headerFieldNames = dkim.headerFieldNames ?? SIGNED.join(":");
	const signed = new Set(headerFieldNames.split(":").map((name) => name.trim().toLowerCase()));
	const missing = ONE_CLICK.filter((name) => !signed.has(name.toLowerCase()));
	if (missing.length > 0) {
		const message = `\`dkim.headerFieldNames\` must also name ${missing.join(" and ")} (RFC 8058 section 4).`;
		throw invalidInput("dkim_missing_one_click", "dkim.headerFieldNames", message);
	}
	const privateKey = readKey(dkim.privateKey);
	return { domainName: dkim.domainName, keySelector: dkim.keySelector, privateKey, headerFieldNames };
}

function readKey(key: SmtpDkim["privateKey"]): KeyObject {
	const read = parseKey(key);
	if (read?.type === "private" && read.asymmetricKeyType === "rsa") return read;
	const message = "`dkim.privateKey` must be an RSA private key, such as the text of a PEM file.";
	throw invalidInput("invalid_dkim_key", "dkim.privateKey", message);
}

function parseKey(key: SmtpDkim["privateKey"]): KeyObject | undefined {
	if (typeof key !== "string" && !Buffer.isBuffer(key)) return "asymmetricKeyType" in key ? key : undefined;
	try {
		return createPrivateKey(key);
	} catch {
		// What the parser says may quote the key.
		return undefined;
	}
}
