/**
 * The part of `total` that a number such as `2` or a share such as `25%` allows, rounded down; undefined for any other
 * string.
 */
export function allowedCount(text: string, total: number): number | undefined {
  const [, number, percent] = /^(\d{1,6})(%?)$/.exec(text.trim()) ?? [];
  if (number === undefined) return undefined;
  if (percent !== "%") return Number(number);
  return Number(number) > 100 ? undefined : Math.floor((total * Number(number)) / 100);
}
