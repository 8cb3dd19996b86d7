import { existsSync, readFileSync } from "node:fs";
import { createFile, replaceFile } from "../../workspace/write-files.ts";

/** A line of maand.conf that sets `store`, or the comment that init wrote about it. */
const SETTING = /^[ \t]*(?:store|"store"|'store')[ \t]*=.*\n?/m;
const COMMENT = /^# store = .*\n?/m;

/** The start of the first table. The setting `store` is before it. */
const TABLE = /^\[/m;

/**
 * Writes `store` into maand.conf, and changes nothing else; undefined removes the line. Returns false if nothing had to
 * be changed.
 */
export function writeStoreSetting(conf: string, url: string | undefined): boolean {
  const isThere = existsSync(conf);
  const text = isThere ? readFileSync(conf, "utf8") : "";
  const changed = withSetting(text, url);
  if (changed === text) return false;
  if (isThere) replaceFile(conf, changed);
  else createFile(conf, changed);
  return true;
}

/**
 * Returns the text with `store` set to the URL, or without the setting if `url` is undefined. A new line is inserted
 * after the comment, or at the beginning, after a `#:schema` line, if there is no comment, because a key after the
 * first table would belong to that table.
 */
export function withSetting(text: string, url: string | undefined): string {
  const tables = TABLE.exec(text)?.index ?? text.length;
  return withLine(text.slice(0, tables), url) + text.slice(tables);
}

function withLine(text: string, url: string | undefined): string {
  const line = url === undefined ? "" : `store = ${JSON.stringify(url)}\n`;
  if (SETTING.test(text)) return text.replace(SETTING, () => line);
  if (url === undefined) return text;
  if (COMMENT.test(text)) return text.replace(COMMENT, (comment) => `${comment.trimEnd()}\n${line}`);
  const schema = /^#:schema.*\n/.exec(text)?.[0] ?? "";
  return `${schema}${line}${text.slice(schema.length)}`;
}
