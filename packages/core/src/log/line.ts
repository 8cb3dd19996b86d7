/** The fields of one log line, by key. A key without a value is omitted. */
export type LogFields = Readonly<Record<string, string | number>>;

/** The format of log files: `key=value` pairs, or one JSON object per line (`log_format`). */
export type LogFormat = "kv" | "json";

/** Keys in the order in which they are written. All other keys follow, sorted. */
export const LOG_KEYS: readonly string[] = [
  "ts",
  "level",
  "event",
  "run",
  "maand",
  "seq",
  "worker",
  "job",
  "phase",
  "action",
  "cmd",
  "stream",
  "exit",
  "duration_ms",
  "reason",
  "msg",
];

const ORDERED: ReadonlySet<string> = new Set(LOG_KEYS);

/** Keys with numeric values; all others are text. */
const NUMBERS: ReadonlySet<string> = new Set(["seq", "exit", "duration_ms"]);

/** Maximum length of a value. A longer value is cut and marked as cut. */
const VALUE_LIMIT = 8192;

/** Formats one line of a log file, without the newline. The result is always one line, whatever the values contain. */
export function logLine(fields: LogFields, format: LogFormat): string {
  const keys = keysOf(fields);
  if (format === "json") {
    const entries = keys.map((key) => [key, cut(fields[key] ?? "")]);
    return plain(JSON.stringify(Object.fromEntries(entries)));
  }
  // joined by hand, because a command may print a hundred thousand lines
  let line = "";
  for (const key of keys) line += `${line === "" ? "" : " "}${key}=${worded(String(cut(fields[key] ?? "")))}`;
  return line;
}

/** Log lines that differ only in `msg`, one for each message. Everything except the messages is formatted once. */
export function logLines(fields: LogFields, messages: readonly string[], format: LogFormat): string[] {
  const keys = keysOf({ ...fields, msg: "-" });
  const at = keys.indexOf("msg");
  const pairs = format === "json" ? jsonPairs : kvPairs;
  const [before, after] = [pairs(fields, keys.slice(0, at)), pairs(fields, keys.slice(at + 1))];
  const withoutMessage = logLine({ ...fields, msg: "" }, format);
  if (format === "json") {
    const [start, end] = [`{${before === "" ? "" : `${before},`}"msg":`, `${after === "" ? "" : `,${after}`}}`];
    return messages.map((text) => (text === "" ? withoutMessage : start + plain(JSON.stringify(cut(text))) + end));
  }
  const [start, end] = [`${before === "" ? "" : `${before} `}msg=`, after === "" ? "" : ` ${after}`];
  // one check for all of them, because most have nothing to escape
  const word = ESCAPED.test(messages.join("")) ? worded : quotedIfSpaced;
  return messages.map((text) => (text === "" ? withoutMessage : start + word(cut(text)) + end));
}

function jsonPairs(fields: LogFields, keys: readonly string[]): string {
  return keys.map((key) => plain(`${JSON.stringify(key)}:${JSON.stringify(cut(fields[key] ?? ""))}`)).join(",");
}

function kvPairs(fields: LogFields, keys: readonly string[]): string {
  return keys.map((key) => `${key}=${worded(String(cut(fields[key] ?? "")))}`).join(" ");
}

/** Keys with a value, in the order in which they are written. */
function keysOf(fields: LogFields): string[] {
  const keys: string[] = [];
  for (const key of LOG_KEYS) if (hasValue(fields, key)) keys.push(key);
  const ordered = keys.length;
  for (const key in fields) if (!ORDERED.has(key) && hasValue(fields, key)) keys.push(key);
  return keys.length - ordered > 1 ? [...keys.slice(0, ordered), ...keys.slice(ordered).sort()] : keys;
}

function hasValue(fields: LogFields, key: string): boolean {
  const value = fields[key];
  return value !== undefined && value !== "";
}

/** Parses a line in either format; undefined for an invalid line. */
export function readLogLine(line: string): LogFields | undefined {
  return line.startsWith("{") ? readJson(line) : readPairs(line);
}

/** The time of a line, without parsing the rest of it; undefined for an invalid line. */
export function timeOf(line: string): string | undefined {
  const from = line.startsWith("ts=") ? 3 : line.startsWith('{"ts":"') ? 7 : -1;
  if (from < 0) return undefined;
  const ts = line.slice(from, from + 24);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(ts) ? ts : undefined;
}

function cut(value: string): string;
function cut(value: string | number): string | number;
function cut(value: string | number): string | number {
  if (typeof value === "number" || value.length <= VALUE_LIMIT) return value;
  return `${value.slice(0, VALUE_LIMIT)} [line cut]`;
}

/** The characters that are escaped in a quoted value. */
const ESCAPED = /["\\\p{Cc}\u2028\u2029]/u;

/** Like `worded`, for values without characters to escape. */
function quotedIfSpaced(value: string): string {
  return /[\s=]/u.test(value) ? `"${value}"` : value;
}

/** Quotes a value if it would be ambiguous. Backslashes and control characters are always escaped. */
function worded(value: string): string {
  if (/^[\w.:/@,+-]+$/.test(value)) return value; // the usual case
  if (!/[\s="\\\p{Cc}\u2028\u2029]/u.test(value)) return value;
  return `"${plain(value.replace(/["\\]/g, "\\$&"))}"`;
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Escapes control characters, so that no value breaks the line or controls a terminal. */
function plain(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (sign) => SHORT[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function readJson(line: string): LogFields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("ts" in value)) return undefined;
    const filled = Object.entries(value).filter(
      (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
    );
    return Object.fromEntries(filled);
  } catch {
    return undefined;
  }
}

const PAIR = /([A-Za-z0-9_.-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?:\s+|$)/y;

function readPairs(line: string): LogFields | undefined {
  const fields: Record<string, string | number> = {};
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < line.length) {
    const found = PAIR.exec(line);
    if (!found) return undefined;
    const [, key = "", quoted, bare = ""] = found;
    const value = quoted === undefined ? bare : unescaped(quoted);
    fields[key] = NUMBERS.has(key) && /^-?\d+$/.test(value) ? Number(value) : value;
  }
  return fields.ts === undefined || fields.ts === "" ? undefined : fields;
}

const MEANT: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:u([0-9a-f]{4})|(.))/gs, (_, code: string | undefined, sign = "") =>
    code === undefined ? (MEANT[sign] ?? sign) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
