import type { Bucket } from "../../bucket/bucket.ts";
import { readableNamespaces } from "../../domain/kv/kv-access.ts";
import { isSecret } from "../../domain/kv/kv-names.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { HIDDEN } from "../../remote/secret.ts";
import { inShell } from "../../remote/secret-spellings.ts";

/**
 * Replaces each secret in a text with a mark. Returns undefined if it finds no secret, because it is then unknown which
 * parts are safe to show. {@link showDots} turns the marks into dots.
 */
export type Hider = (text: string) => string | undefined;

/**
 * Hides every secret that a job may read on some workers: whole, line by line, and in the encodings that templates
 * produce. Equal secrets have equal marks, so a diff shows that a secret changed.
 */
export function hiderFor({ kv, key }: Pick<Bucket, "kv" | "key">, job: Job, ...hosts: readonly string[]): Hider {
  const secrets = readableNamespaces(job, hosts).flatMap((namespace) =>
    kv
      .keys(namespace)
      .filter((name) => isSecret(namespace, name))
      .map((name) => kv.find(namespace, name) ?? ""),
  );
  const pattern = patternOf(new Set(secrets.flatMap(spellings)));
  return (text) => {
    if (!pattern || text.search(pattern) === -1) return undefined;
    return text.replace(pattern, (found) => `${MARK}${key.fingerprint(found)}${MARK}`);
  };
}

/** Text files contain no zero bytes, so no other text looks like a mark. */
const MARK = "\0";

/** Replaces the marks of {@link Hider} with dots. */
export function showDots(text: string): string {
  return text.replace(/\0[0-9a-f]*\0/g, HIDDEN);
}

/**
 * The length of the shortest secret that is hidden inside words. Shorter secrets are hidden only as separate words;
 * otherwise, half of a file could turn into dots.
 */
const SHORTEST_INSIDE = 4;

function spellings(secret: string): string[] {
  const whole = secret.trim();
  const lines = whole.split(/\s*\n\s*/);
  const parts = lines.length > 1 ? lines.filter((line) => !/^-----(BEGIN|END) /.test(line)) : [];
  const pieces = whole.split(/[\s,;]+/).filter((piece) => lines.length === 1 && piece.length >= SHORTEST_INSIDE);
  return [...[secret, whole].flatMap(encoded), ...parts, ...pieces].filter((text) => text !== "");
}

function encoded(text: string): string[] {
  const bytes = Buffer.from(text);
  const inHtml = text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
  const inGoHtml = inHtml.replaceAll("&#38;", "&amp;").replaceAll("&#60;", "&lt;").replaceAll("&#62;", "&gt;");
  const inUrl = encodeURIComponent(text);
  return [
    text,
    text.toUpperCase(),
    text.toLowerCase(),
    JSON.stringify(text).slice(1, -1),
    inShell(text),
    inHtml,
    inGoHtml,
    inUrl,
    inUrl.replaceAll("%20", "+"),
    bytes.toString("base64"),
    bytes.toString("base64url"),
    bytes.toString("hex"),
  ];
}

/**
 * The longest secret comes first. Otherwise, if a shorter secret were the prefix of a longer one, the end of the longer
 * secret would stay visible.
 */
function patternOf(texts: ReadonlySet<string>): RegExp | undefined {
  if (texts.size === 0) return undefined;
  const longest = [...texts].sort((a, b) => b.length - a.length);
  const patterns = longest.map((text) => {
    const plain = text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    return text.length < SHORTEST_INSIDE ? `(?<![\\p{L}\\p{N}])${plain}(?![\\p{L}\\p{N}])` : plain;
  });
  return new RegExp(patterns.join("|"), "gu");
}
