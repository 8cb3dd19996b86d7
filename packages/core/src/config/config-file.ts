import { basename, extname, join } from "node:path";
import { isRecord } from "../domain/checks/validate.ts";
import { MaandError } from "../errors.ts";
import { textOrReason } from "../trust/plain-text.ts";
import { checkCode } from "../trust/trusted.ts";
import { CONFIG_PLACES } from "./config.ts";

/**
 * Functions that return the value of a configuration file, by the extension of the file. The key `noExt` is for files
 * without an extension.
 */
export type Loaders = Readonly<Record<string, ((file: string, text: string) => unknown) | undefined>>;

/** A configuration file and its content. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  readonly value: unknown;
}

/**
 * Loads the first configuration file of a bucket that is not empty, or the given one. It reads only these paths,
 * because cosmiconfig's search would also run `.config/config.js` of the current directory, and read paths that a
 * package.json names. The owner and mode of each file are checked before it is loaded. A package.json is checked
 * afterwards, and only if it has the key `maand`, because loading it runs no code. Throws BUCKET_NOT_TRUSTED, and
 * {@link UnloadableConfig} for a file that cannot be loaded.
 */
export async function loadConfigFile(
  root: string,
  loaders: Loaders,
  named: string | undefined,
): Promise<ConfigFile | undefined> {
  const paths = named === undefined ? CONFIG_PLACES.map((place) => join(root, place)) : [named];
  for (const path of paths) {
    const text = textOf(path, named !== undefined);
    if (text === undefined || text.trim() === "") continue;
    const isPackage = basename(path) === "package.json";
    if (!isPackage) checkCode(root, path);
    const value = await loaded(path, text, loaders);
    if (!isPackage) return { path, text, value };
    const own = isRecord(value) ? value.maand : undefined;
    if (own === undefined) continue;
    checkCode(root, path);
    return { path, text, value: own };
  }
  return undefined;
}

/** A configuration file that cannot be loaded; `cause` is the reason. */
export class UnloadableConfig extends Error {
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`${path} cannot be loaded`, { cause });
    this.path = path;
  }
}

function textOf(path: string, isNamed: boolean): string | undefined {
  const read = textOrReason(path);
  if (typeof read === "string" || (read === undefined && !isNamed)) return read;
  const { message, hint } = read ?? MISSING;
  throw new UnloadableConfig(path, new MaandError({ code: "PROBLEMS", message, hint }));
}

const MISSING = { message: "there is no such file", hint: "name another one with --config" };

async function loaded(path: string, text: string, loaders: Loaders): Promise<unknown> {
  const extension = extname(path) || "noExt";
  const load = loaders[extension];
  try {
    if (!load) throw new Error(`a configuration cannot have the extension "${extension}"`);
    return await load(path, text);
  } catch (cause) {
    throw new UnloadableConfig(path, cause);
  }
}
