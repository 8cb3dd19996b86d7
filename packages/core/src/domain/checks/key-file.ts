import { PRINTABLE, trimmed } from "./schema-notes.ts";

/** The hint for a key that names a key file. */
export const KEY_FILE_HINT = "write the name of a file under secrets/, or an absolute path";

/**
 * A pattern for editors that matches the strings that {@link isKeyFile} accepts, with or without surrounding spaces. It
 * does not detect a later `..` that leaves `secrets/`.
 */
export const KEY_FILE_PATTERN = trimmed(
  `/${PRINTABLE}*|(?![\\s~])(?:\\./+)*(?!\\s*$|\\.{1,2}(?:/|\\s*$))(?!/)${PRINTABLE}+`,
);

/** Whether a string names a key file: a path under `secrets/`, or an absolute path. */
export function isKeyFile(path: string): boolean {
  if (/\p{Cc}/u.test(path)) return false;
  return path.startsWith("/") || (!path.startsWith("~") && staysBelow(path));
}

function staysBelow(path: string): boolean {
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return false;
  }
  return depth > 0;
}
