import type { Attachment } from "@convoke/core";

/** The attached pictures in place, as they have no file to come from. */
export function withPictures(html: string, attachments: readonly Attachment[]): string {
	return html.replace(/(["'(]\s*)cid:([A-Za-z0-9._-]+)/gi, (found, before: string, id: string) => {
		const picture = attachments.find(({ contentId }) => contentId === id);
		return picture === undefined ? found : `${before}data:${typeOf(picture)};base64,${picture.content}`;
	});
}

function typeOf({ contentType, filename }: Attachment): string {
	const extension = /\.([a-z0-9]+)$/i.exec(filename)?.[1]?.toLowerCase() ?? "png";
	const names: Readonly<Record<string, string>> = { jpg: "jpeg", svg: "svg+xml" };
	return contentType ?? `image/${names[extension] ?? extension}`;
}
