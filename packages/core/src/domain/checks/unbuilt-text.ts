/** The number of parts that the message names. */
const NAMED = 3;

/** The message for a workspace that is newer than the build, with the command to type. */
export function unbuiltText(parts: readonly string[]): string {
  const named = parts.slice(0, NAMED).join(", ");
  const more = parts.length > NAMED ? ` and ${parts.length - NAMED} more` : "";
  return `the workspace is newer than the build (${named}${more}): maand deploy --build includes it`;
}
