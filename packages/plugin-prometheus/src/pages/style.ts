import { createHash } from "node:crypto";

/** The style of runbooks and indexes. It loads nothing, and follows the light or dark mode of the browser. */
export const STYLE = [
  ":root{color-scheme:light dark;--text:#1f2328;--faint:#59636e;--back:#fff;--panel:#f6f8fa;--line:#d1d9e0;--link:#0550ae}",
  "@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--faint:#9aa4af;--back:#0d1117;--panel:#161b22;--line:#30363d;--link:#79b8ff}}",
  "*{box-sizing:border-box}",
  "html{background:var(--back);color:var(--text)}",
  "body{margin:0 auto;max-width:52rem;padding:1.5rem 1.25rem 4rem;font:1rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif;overflow-wrap:break-word}",
  "nav{color:var(--faint);font-size:.9rem;border-bottom:1px solid var(--line);padding-bottom:.75rem;margin-bottom:1.75rem}",
  "a{color:var(--link);text-underline-offset:.15em}",
  "h1,h2,h3,h4{line-height:1.25;margin:1.8em 0 .6em}",
  "h1{font-size:1.8rem}main>h1:first-child{margin-top:0}h2{font-size:1.35rem;border-bottom:1px solid var(--line);padding-bottom:.3em}h3{font-size:1.1rem}h4{font-size:1rem}",
  "p,ul,ol,table,pre,blockquote{margin:0 0 1em}ul,ol{padding-left:1.6em}li{margin:.2em 0}",
  "li:has(>input[type=checkbox]){list-style:none;margin-left:-1.5em}li>input[type=checkbox]{margin:0 .5em 0 0}",
  "code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace;font-size:.9em;background:var(--panel)}",
  "code{padding:.15em .35em;border-radius:.25rem}",
  "pre{padding:.9rem 1rem;border:1px solid var(--line);border-radius:.4rem;overflow-x:auto;line-height:1.45}pre code{padding:0;background:none;font-size:1em}",
  "blockquote{border-left:.25rem solid var(--line);padding-left:1rem;color:var(--faint)}",
  "table{border-collapse:collapse;display:block;overflow-x:auto}th,td{border:1px solid var(--line);padding:.4em .8em;text-align:left}th{background:var(--panel)}",
  "hr{border:0;border-top:1px solid var(--line);margin:2em 0}",
  "img{max-width:100%}",
].join("\n");

/** The hash with which a page allows only this style. */
export const STYLE_HASH = `sha256-${createHash("sha256").update(STYLE).digest("base64")}`;
