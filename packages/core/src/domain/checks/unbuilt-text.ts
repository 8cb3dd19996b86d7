/** Parts that are named one by one. */
const NAMED = 3;

/** Says that the workspace is newer than the build, and what to type. */
export function unbuiltText(parts: readonly string[]): string {
  const named = parts.slice(0, NAMED).join(", ");
  const more = parts.length > NAMED ? ` and ${parts.length - NAMED} more` : "";
  return `the workspace is newer than the build (${named}${more}): maand deploy --build includes it`;
}
