import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { MaandError } from "@maand/core/readonly";

/** A file of the page. */
export interface AppFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The files of the page by their path in a URL; `index.html` is `/`. */
export type AppFiles = ReadonlyMap<string, AppFile>;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** The directory of the built page. */
export const APP_DIRECTORY = new URL("../dist/app/", import.meta.url);

/**
 * Reads the page into memory, once. Requests are looked up by their complete path, so no part of a request can name a
 * file. Throws INSTALLATION_BROKEN if the page was not built.
 */
export function readAppFiles(directory: URL): AppFiles {
  try {
    const own = readdirSync(directory, { withFileTypes: true });
    const assets = readdirSync(new URL("assets/", directory), { withFileTypes: true });
    const files = [
      ...own.filter(isServed).map(({ name }) => [name === "index.html" ? "/" : `/${name}`, name] as const),
      ...assets.filter(isServed).map(({ name }) => [`/assets/${name}`, `assets/${name}`] as const),
    ];
    return new Map(files.map(([path, name]) => [path, fileAt(new URL(name, directory))]));
  } catch (cause) {
    throw new MaandError({
      code: "INSTALLATION_BROKEN",
      message: `the files of the web UI cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "install maand again; in its repository, run npm run build",
      cause,
    });
  }
}

function isServed(entry: Dirent): boolean {
  return entry.isFile() && extname(entry.name) in TYPES;
}

function fileAt(place: URL): AppFile {
  return {
    type: TYPES[extname(place.pathname)] ?? "application/octet-stream",
    bytes: new Uint8Array(readFileSync(place)),
  };
}
