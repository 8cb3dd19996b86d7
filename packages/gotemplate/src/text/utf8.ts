/*
 * Go strings consist of bytes, but JavaScript strings do not. Text is kept as a JavaScript string; a byte that is not
 * part of valid UTF-8 (`"\xff"`, half of a sliced character) is kept as the lone surrogate U+DC00 + byte, so that
 * nothing is lost.
 */

const ESCAPE = 0xdc00;

/** Length in bytes, as in Go's `len`. */
export function byteLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (isEscape(code)) continue;
    length += code < 0x800 ? 1 : 2;
    if (isPair(text, i)) i++;
  }
  return length;
}

/** The bytes of a text; lone surrogates that represent no byte become U+FFFD. */
export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(byteLength(text));
  let at = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) bytes[at++] = point;
    else if (isEscape(point)) bytes[at++] = point - ESCAPE;
    else at = encode(bytes, at, isSurrogate(point) ? 0xfffd : point);
  }
  return bytes;
}

/** The text of some bytes; bytes that are not UTF-8 are kept as described above. */
export function fromBytes(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = "";
  for (let i = start; i < end; ) {
    const size = sizeAt(bytes, i, end);
    text += size === 0 ? String.fromCharCode(ESCAPE + (bytes[i] ?? 0)) : decode(bytes, i, size);
    i += Math.max(size, 1);
  }
  return text;
}

/** The byte that a character represents if it is not part of valid UTF-8; otherwise undefined. */
export function rawByte(character: string): number | undefined {
  const code = character.length === 1 ? character.charCodeAt(0) : 0;
  return isEscape(code) ? code - ESCAPE : undefined;
}

/** One byte as text. */
export function byteText(byte: number): string {
  return String.fromCharCode(byte < 0x80 ? byte : ESCAPE + byte);
}

/** Joins consecutive bytes that together form a character. */
export function joinSurrogates(text: string): string {
  return /[\uDC80-\uDCFF]{2}/u.test(text) ? fromBytes(toBytes(text)) : text;
}

/** Text for output: every byte that is not UTF-8 becomes U+FFFD. */
export function wellFormed(text: string): string {
  return joinSurrogates(text).replace(/\p{Surrogate}/gu, "\uFFFD");
}

/** Order of two texts by their bytes: negative, zero or positive. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i > 0 && isPair(a, i - 1)) i--;
  return compareBytes(toBytes(a.slice(i, i + 2)), toBytes(b.slice(i, i + 2)));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function isEscape(code: number): boolean {
  return code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
}

function isPair(text: string, i: number): boolean {
  const low = text.charCodeAt(i + 1);
  return (text.charCodeAt(i) & 0xfc00) === 0xd800 && (low & 0xfc00) === 0xdc00;
}

function encode(bytes: Uint8Array, at: number, point: number): number {
  const tail = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const lead = point < 0x800 ? 0xc0 : point < 0x10000 ? 0xe0 : 0xf0;
  bytes[at] = lead | (point >> (6 * tail));
  for (let i = 1; i <= tail; i++) bytes[at + i] = 0x80 | ((point >> (6 * (tail - i))) & 0x3f);
  return at + tail + 1;
}

/**
 * The number of bytes of the character at `i`, 0 if there is none. The limits of the second byte exclude overlong forms
 * and surrogates.
 */
function sizeAt(bytes: Uint8Array, i: number, end: number): number {
  const lead = bytes[i] ?? 0;
  if (lead < 0x80) return 1;
  const size =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (size === 0 || i + size > end) return 0;
  const second = bytes[i + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let k = 2; k < size; k++) if (((bytes[i + k] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}

function decode(bytes: Uint8Array, i: number, size: number): string {
  const lead = bytes[i] ?? 0;
  let point = size === 1 ? lead : lead & (0xff >> (size + 1));
  for (let k = 1; k < size; k++) point = (point << 6) | ((bytes[i + k] ?? 0) & 0x3f);
  return String.fromCodePoint(point);
}
