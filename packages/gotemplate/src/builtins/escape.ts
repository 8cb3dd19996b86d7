import { isPrintable } from "../text/characters.ts";
import { rawByte, toBytes } from "../text/utf8.ts";

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\uFFFD",
};

/** Escapes text for the content of an HTML element or attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'\0]/g, (character) => HTML[character] ?? character);
}

/** Escapes text for the content of a JavaScript string. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=]|\p{Cc}|\P{ASCII}/gu, escapeJsCharacter);
}

/** Escapes text for the query of a URL; a space becomes a plus sign. */
export function escapeQuery(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.~]+/g, (run) => {
    const bytes = Array.from(toBytes(run), (byte) => (byte === 0x20 ? "+" : `%${hex(byte, 2)}`));
    return bytes.join("");
  });
}

function escapeJsCharacter(character: string): string {
  if (character === "\\" || character === "'" || character === '"') return `\\${character}`;
  const code = character.codePointAt(0) ?? 0;
  const plain = code >= 0x80 ? isPrintable(character) || rawByte(character) !== undefined : code === 0x7f;
  return plain ? character : `\\u${hex(code, 4)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, "0");
}
