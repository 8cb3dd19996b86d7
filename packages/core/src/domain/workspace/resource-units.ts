import { trimmed } from "../checks/schema-notes.ts";

const MEMORY = new Map([
  ["mb", 1],
  ["gb", 1024],
  ["tb", 1024 * 1024],
]);
const CPU = new Map([
  ["mhz", 1],
  ["ghz", 1000],
  ["thz", 1_000_000],
]);
const MEGABYTE = 1024 * 1024;
const UNITS = [
  ["GB", 1024 * MEGABYTE],
  ["MB", MEGABYTE],
  ["KB", 1024],
] as const;
const SIZE = /^(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]*)$/;

/** The strings that {@link parseMemory} and {@link parseCpu} accept, as patterns for editors. */
export const MEMORY_PATTERN = sizePattern(MEMORY);
export const CPU_PATTERN = sizePattern(CPU);

/** Parses `512 mb`, `1.5gb` or `256` as MB; 0 for an empty string; undefined for anything else. */
export function parseMemory(text: string): number | undefined {
  return parseSize(text, MEMORY, "mb");
}

/** Parses `500 mhz`, `2 ghz` or `1000` as MHz; 0 for an empty string; undefined for anything else. */
export function parseCpu(text: string): number | undefined {
  return parseSize(text, CPU, "mhz");
}

function parseSize(text: string, units: ReadonlyMap<string, number>, bare: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "") return 0;
  const [, number, unit] = SIZE.exec(trimmed) ?? [];
  const factor = units.get(unit || bare);
  return number === undefined || factor === undefined ? undefined : sixDecimals(Number(number) * factor);
}

function sizePattern(units: ReadonlyMap<string, number>): string {
  const unit = [...units.keys()].map((name) => name.replace(/./g, (letter) => `[${letter}${letter.toUpperCase()}]`));
  return trimmed(`(?:\\d{1,12}(?:\\.\\d{1,6})?\\s*(?:${unit.join("|")})?)?`);
}

/** The bytes of an amount such as `512 mb`, as {@link parseMemory} reads it; undefined for an invalid one. */
export function parseBytes(text: string): number | undefined {
  const megabytes = parseMemory(text);
  return megabytes === undefined ? undefined : Math.floor(megabytes * MEGABYTE);
}

/** Formats bytes for display, such as `1.2 GB`: in the largest unit of at least one, truncated to two decimals. */
export function plainBytes(bytes: number): string {
  const [unit, factor] = UNITS.find(([, factor]) => bytes >= factor) ?? ["bytes", 1];
  return `${Math.floor((bytes / factor) * 100) / 100} ${unit}`;
}

/** Rounds a number to six decimals to remove binary fraction errors, so that equal amounts are equal. */
export function sixDecimals(value: number): number {
  return Number(value.toFixed(6));
}

/** A number as plain decimal text, never with an exponent, at most six decimals. */
export function plainDecimal(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(6).replace(/0+$/, "").replace(/\.$/, "");
}
