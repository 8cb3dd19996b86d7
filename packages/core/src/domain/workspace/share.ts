/**
 * The count that a string allows: `2` allows 2, and `25%` allows that share of `total`, rounded down. Undefined for any
 * other string, and for more than `100%`.
 */
export function allowedCount(text: string, total: number): number | undefined {
  const [, number, percent] = /^(\d{1,6})(%?)$/.exec(text.trim()) ?? [];
  if (number === undefined) return undefined;
  if (percent !== "%") return Number(number);
  return Number(number) > 100 ? undefined : Math.floor((total * Number(number)) / 100);
}
