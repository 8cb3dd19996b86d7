/** Escapes control characters, because a program on a worker may print anything. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (sign) =>
    sign === "\t" ? "\t" : `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Escapes control characters in a message, except line breaks. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}
