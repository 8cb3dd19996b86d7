/** A number with its noun: `1 worker`, `1,024 workers`. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : plural}`;
}

/** The first names, and how many more there are: `10.0.0.1, 10.0.0.2 and 3 more`. */
export function someText(names: readonly string[], shown = 3): string {
  if (names.length <= shown + 1) return names.join(", ");
  return `${names.slice(0, shown).join(", ")} and ${names.length - shown} more`;
}
