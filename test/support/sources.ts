import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { parseSync, Visitor } from "rolldown/utils";

/** The root of the repository. */
export const ROOT = new URL("../..", import.meta.url).pathname;

/** A source file, with the parts that tests of the structure need. */
export interface Source {
  /** The path relative to the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text with spaces in place of comments. */
  readonly code: string;
  readonly lines: number;
  /** Modules that it imports or re-exports, as written, including imports of types. */
  readonly imports: readonly string[];
  readonly functions: readonly SourceFunction[];
}

/** A function, method or arrow function with a body. */
export interface SourceFunction {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

/**
 * The TypeScript files in `packages/<name>/src` and `app` of every package, without tests and modules that only
 * tests use.
 */
export function productionSources(): Source[] {
  return readdirSync(join(ROOT, "packages"))
    .flatMap((name) => ["src", "app"].flatMap((part) => filesBelow(join(ROOT, "packages", name, part))))
    .filter((path) => /\.tsx?$/.test(path) && !/\.test(\.support)?\.ts$/.test(path))
    .map(sourceOf);
}

/** The file of this repository that `source` imports as `module`; undefined for a package. */
export function target(source: Source, module: string): string | undefined {
  return module.startsWith(".") ? normalize(join(dirname(source.path), module)) : undefined;
}

function filesBelow(directory: string): string[] {
  if (!statSync(directory, { throwIfNoEntry: false })) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function sourceOf(file: string): Source {
  const text = readFileSync(file, "utf8");
  const parsed = parseSync(file, text);
  const { staticImports, staticExports, dynamicImports } = parsed.module;
  return {
    path: relative(ROOT, file),
    text,
    code: parsed.comments.reduce((code, { start, end }) => blanked(code, start, end), text),
    lines: text.split("\n").length,
    imports: [
      ...staticImports.map(({ moduleRequest }) => moduleRequest.value),
      ...staticExports.flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? [])),
      ...dynamicImports.flatMap(({ moduleRequest: { start, end } }) => literal(text.slice(start, end))),
    ],
    functions: functionsOf(parsed.program, text),
  };
}

function blanked(code: string, start: number, end: number): string {
  return code.slice(0, start) + " ".repeat(end - start) + code.slice(end);
}

function literal(expression: string): string[] {
  return /^["'`](.*)["'`]$/.exec(expression)?.slice(1) ?? [];
}

function functionsOf(program: Parameters<Visitor["visit"]>[0], text: string): SourceFunction[] {
  const found: SourceFunction[] = [];
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  const note = ({ start, end }: { readonly start: number; readonly end: number }) => {
    const head = text.slice(text.lastIndexOf("\n", start) + 1).split("\n")[0] ?? "";
    const name = /(?:function\*?\s+|(?:const|let)\s+)?#?(\w+)\s*(?:<[^>]*>)?\s*[(=:]/.exec(head)?.[1] ?? "a function";
    found.push({ name, line: lineOf(start), lines: lineOf(end) - lineOf(start) + 1 });
  };
  new Visitor({ FunctionDeclaration: note, FunctionExpression: note, ArrowFunctionExpression: note }).visit(program);
  return found;
}
