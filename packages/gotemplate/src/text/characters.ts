/** Go's `unicode.IsPrint`: true for letters, marks, numbers, punctuation, symbols and the plain space. */
export function isPrintable(character: string): boolean {
  const code = character.charCodeAt(0);
  if (code < 0x80) return code >= 0x20 && code < 0x7f;
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
}

/** Whether a character may be part of a name in an action. */
export function isNameCharacter(character: string): boolean {
  const code = character.charCodeAt(0);
  if (code >= 0x80) return /^[\p{L}\p{Nd}]$/u.test(character);
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) || code === 0x5f
  );
}

/** The character with a code point; U+FFFD if there is none. */
export function characterOf(point: number): string {
  const exists = point >= 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
  return exists ? String.fromCodePoint(point) : "\uFFFD";
}

/** Number of characters (code points); a byte that is not UTF-8 counts as one. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) !== 0xd800 || (text.charCodeAt(i + 1) & 0xfc00) !== 0xdc00) continue;
    count--;
    i++;
  }
  return count;
}

/** The first `count` characters of a text. */
export function firstCharacters(text: string, count: number): string {
  let end = 0;
  for (let left = count; left > 0 && end < text.length; left--) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

/** `U+0041 'A'`: the name of a character in messages. */
export function nameOf(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return isPrintable(character) ? `U+${hex} '${character}'` : `U+${hex}`;
}

/** A piece of a template for messages, shortened if it is very long. */
export function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${firstCharacters(text, LONGEST_SHOWN)}...` : text;
}

const LONGEST_SHOWN = 120;
