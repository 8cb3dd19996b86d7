/** Whether a code unit is white space in the language: space, tab, carriage return, newline. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

/** Whether the trim marker `- ` follows an opening delimiter. */
export function hasLeftTrim(source: string, pos: number): boolean {
  return source[pos] === "-" && isSpace(source.charCodeAt(pos + 1));
}

/** Whether a trimming closing delimiter ` -}}` starts here. */
export function hasRightTrim(source: string, pos: number): boolean {
  return isSpace(source.charCodeAt(pos)) && source.startsWith("-}}", pos + 1);
}

/** The first position at or after `pos` that is not white space. */
export function skipSpaceOn(source: string, pos: number): number {
  let end = pos;
  while (isSpace(source.charCodeAt(end))) end++;
  return end;
}

/** The last position at or before `pos`, but not before `start`, that has no white space before it. */
export function skipSpaceBack(source: string, pos: number, start: number): number {
  let end = pos;
  while (end > start && isSpace(source.charCodeAt(end - 1))) end--;
  return end;
}
