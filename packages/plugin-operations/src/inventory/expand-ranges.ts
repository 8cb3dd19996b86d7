/** The maximum number of hosts of one pattern. */
const MAX_HOSTS = 10_000;

/**
 * Expands the ranges of a host pattern: `web[01:03].example.org`, `db[a:c]`, `n[0:10:5]`. Returns a sentence if a range
 * is invalid.
 */
export function expandRanges(pattern: string): readonly string[] | string {
  const found = /^([^[]*)\[([^\]]*)\](.*)$/.exec(pattern);
  if (!found) return /[[\]]/.test(pattern) ? `${JSON.stringify(pattern)} is not a host pattern` : [pattern];
  const [, before = "", range = "", after = ""] = found;
  const members = membersOf(range);
  if (members === undefined) return `[${range}] is not a range of at most ${MAX_HOSTS} hosts`;
  const rest = expandRanges(after);
  if (typeof rest === "string") return rest;
  if (members.length * rest.length > MAX_HOSTS) return `${JSON.stringify(pattern)} has more than ${MAX_HOSTS} hosts`;
  return members.flatMap((member) => rest.map((end) => `${before}${member}${end}`));
}

function membersOf(range: string): string[] | undefined {
  const numbers = /^(\d+):(\d+)(?::(\d+))?$/.exec(range);
  const letters = /^([a-z]):([a-z])(?::(\d+))?$/i.exec(range);
  const [, first = "", last = "", step = "1"] = numbers ?? letters ?? [];
  if (first === "" || Number(step) < 1) return undefined;
  const code = (text: string) => (numbers ? Number(text) : text.charCodeAt(0));
  const count = Math.floor((code(last) - code(first)) / Number(step)) + 1;
  if (count < 1 || count > MAX_HOSTS) return undefined;
  const member = (value: number) => (numbers ? String(value).padStart(first.length, "0") : String.fromCharCode(value));
  return Array.from({ length: count }, (_, at) => member(code(first) + at * Number(step)));
}
