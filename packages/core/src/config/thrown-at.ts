import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A position in a user's file. */
export interface Place {
  /** Relative to the searched directory. */
  readonly file: string;
  readonly line: number;
  readonly column: number | undefined;
}

/** `file:line:column`. */
export function placeText({ file, line, column }: Place): string {
  return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`;
}

/**
 * The position in the files under `directory` where an error was thrown: the position that the parser names, or the
 * innermost stack frame outside packages. `transform` returns the code that ran for a file, with its source map at the
 * end.
 */
export function thrownAt(
  cause: unknown,
  directory: string,
  transform: (file: string, source: string) => string,
): Place | undefined {
  if (!(cause instanceof Error)) return undefined;
  const inside = (file: string) => !relative(directory, file).startsWith("..") && !file.includes("/node_modules/");
  const parsed = /^\s*(\/.*?):(\d+):(\d+)\s*$/m.exec(cause.message);
  if (parsed?.[1] && inside(parsed[1]))
    // the columns of the parser start at 0
    return { file: relative(directory, parsed[1]), line: Number(parsed[2]), column: Number(parsed[3]) + 1 };
  const frame = framesOf(cause).find(({ file }) => inside(file));
  return frame && written(frame, directory, transform);
}

/**
 * `file:line` of the innermost stack frame under `directory`: in a file of the bucket, otherwise in one of its packages
 * other than maand's. Stripping types from TypeScript keeps lines, so no source map is needed.
 */
export function lineOf(cause: unknown, directory: string): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const inside = framesOf(cause).filter(
    ({ file }) => !relative(directory, file).startsWith("..") && !file.includes("/node_modules/@maand/"),
  );
  const frame = inside.find(({ file }) => !file.includes("/node_modules/")) ?? inside[0];
  return frame && `${relative(directory, frame.file)}:${frame.line}`;
}

interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

function framesOf({ stack = "" }: Error): Frame[] {
  const frames = stack.matchAll(/(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()\n]*?)(?:\?[^:]*)?:(\d+):(\d+)\)?$/gm);
  return [...frames].map(([, path = "", line, column]) => ({
    file: path.startsWith("file:") ? fileURLToPath(path) : path,
    line: Number(line),
    column: Number(column),
  }));
}

/** Maps a position in the executed code to the source. Stripping types from TypeScript keeps lines, but not columns. */
function written(
  { file, line, column }: Frame,
  directory: string,
  transform: (file: string, source: string) => string,
): Place {
  const place = { file: relative(directory, file), line, column: undefined };
  if (line === 1) return place;
  try {
    const map = /sourceMappingURL=data:[^,]*base64,(\S+)/.exec(transform(file, readFileSync(file, "utf8")))?.[1] ?? "";
    const found = new SourceMap(JSON.parse(Buffer.from(map, "base64").toString())).findEntry(line - 1, column - 1);
    return "originalLine" in found
      ? { ...place, line: found.originalLine + 1, column: found.originalColumn + 1 }
      : place;
  } catch {
    return place;
  }
}
