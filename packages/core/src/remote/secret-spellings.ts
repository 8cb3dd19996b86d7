import { quote } from "./quote.ts";

/** The minimum length of a piece of base64. Shorter pieces would also mask words that are not secret. */
const SHORTEST_PIECE = 8;
/** The widths at which programs wrap base64. */
const WIDTHS = [64, 76];

/**
 * Other forms of a string in output: in JSON, in shell quotes, in a URL, and in base64, including inside longer base64.
 */
export function spellings(text: string): string[] {
  const all = [inJson(text), inShell(text), ...inUrl(text), ...inBase64(text)];
  return [...new Set(all)].filter((one) => one !== text);
}

/** Other forms of a multi-line string that contain no spaces. */
export function wholeSpellings(text: string): string[] {
  const base64 = Buffer.from(text).toString("base64");
  const broken = WIDTHS.flatMap((width) => piecesOf(base64, width));
  return [...new Set([...inUrl(text), base64, urlSafe(base64), ...broken])].filter((one) => !/\s/.test(one));
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The text inside single quotes, as maand writes them. */
export function inShell(text: string): string {
  return text.includes("\0") ? text : quote(text).replace(/^'|'$/g, "");
}

function inUrl(text: string): string[] {
  const encoded = encodeURIComponent(Buffer.from(text).toString());
  return [encoded, encoded.replaceAll("%20", "+")];
}

/**
 * The base64 of the string, and, for each position that the string can have in a group of three bytes, the part of the
 * base64 that does not depend on the surrounding bytes.
 */
function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  const inside = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const start = before === 0 ? 0 : before + 1;
    const end = Math.floor((whole.length * 8) / 6);
    return whole.toString("base64").slice(start, end);
  });
  const all = [bytes.toString("base64"), ...inside].filter((one) => one.length >= SHORTEST_PIECE);
  return [...all, ...all.map(urlSafe)];
}

/** The alphabet for URLs, without padding. */
function urlSafe(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function piecesOf(text: string, width: number): string[] {
  const pieces = Array.from({ length: Math.ceil(text.length / width) }, (_, at) =>
    text.slice(at * width, (at + 1) * width),
  );
  return pieces.filter((piece) => piece.length >= SHORTEST_PIECE * 2);
}
