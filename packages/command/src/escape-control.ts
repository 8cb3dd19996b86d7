/** What a terminal would obey, made visible: a program on a worker may print anything. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (sign) =>
    sign === "\t" ? "\t" : `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
