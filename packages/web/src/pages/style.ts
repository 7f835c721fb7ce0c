import type { Brand } from "./brand.ts";
import { colorVariables } from "./colors.ts";

// Colours alone say nothing: what is on has a tick, and every control an outline in the colour of the text.
const SHEET = `*{box-sizing:border-box}
body{margin:0;padding:24px 16px 64px;background:var(--background);color:var(--text);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,main{max-width:36rem;margin:0 auto}
header{font-weight:600}
header,header a{display:flex;gap:12px;align-items:center;min-height:32px}
header img{display:block;max-height:48px;max-width:160px}
a{color:inherit}
h1{font-size:1.5rem;line-height:1.25;margin:24px 0 8px}
h2{font-size:1.125rem;line-height:1.25;margin:40px 0 8px;padding:0}
p,ul{margin:8px 0}
fieldset{border:0;margin:0;padding:0;min-width:0}
legend{padding:0}
.row{display:flex;gap:12px;align-items:flex-start;padding:12px 0;border-bottom:1px solid}
.row span{flex:1}
.row small{display:block;font-size:.875rem}
label{cursor:pointer}
input{flex:none;margin:0;accent-color:var(--accent);cursor:pointer}
[type=radio]{width:24px;height:24px}
[type=checkbox]{appearance:none;position:relative;width:48px;height:28px;border:2px solid;border-radius:14px;background:var(--background);color:inherit}
[type=checkbox]::before{content:"";position:absolute;inset-block-start:4px;inset-inline-start:4px;width:16px;height:16px;border-radius:50%;background:currentColor}
[type=checkbox]:checked{background:var(--accent)}
[type=checkbox]:checked::before{content:"\\2713";inset-inline-start:24px;background:var(--on-accent);color:var(--accent);font:700 12px/16px sans-serif;text-align:center}
button{font:inherit;font-weight:600;min-height:44px;padding:8px 20px;margin:12px 0 0;border:2px solid;border-radius:8px;background:var(--background);color:inherit;cursor:pointer}
.main{background:var(--accent);color:var(--on-accent);border-color:var(--text)}
:focus-visible{outline:3px solid var(--text);outline-offset:3px}
@media (forced-colors:active){[type=checkbox]{appearance:auto;width:24px;height:24px}[type=checkbox]::before{display:none}}`;

/** The style sheet of every page, in the brand's colours. */
export function styleSheet({ colors }: Brand): string {
	return `:root{color-scheme:light dark;${colorVariables(colors?.light, "light")}}
@media (prefers-color-scheme:dark){:root{${colorVariables(colors?.dark, "dark")}}}
${SHEET}`;
}
