import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import { parse } from "smol-toml";
import { isRecord } from "../../domain/checks/validate.ts";
import { errorText, MaandError } from "../../errors.ts";
import type { ConnectStatements } from "../../store/team/pg/statements.ts";
import { readPlace } from "../../store/team/place.ts";
import type { SharedStore } from "../../store/team/shared-store.ts";
import { textOrReason } from "../../trust/plain-text.ts";
import { checkCode } from "../../trust/trusted.ts";
import type { BucketPaths } from "../find-bucket.ts";

/** The variable with the location of the store. It has priority over `store` in maand.conf. */
export const STORE_VARIABLE = "MAAND_STORE";

/** How long a database may take to respond, in milliseconds; `store_timeout` sets it in seconds. */
const TIMEOUT_MS = 20_000;
/** How long `store_password_command` may take, in milliseconds. */
const PASSWORD_MS = 30_000;

/** The options for opening a bucket's store. */
export interface StoreOptions {
  /** Do not connect to a database; read only the working copy. */
  readonly offline?: boolean;
  /** Download the entire working copy again, even if it is up to date. */
  readonly discards?: boolean;
  /** The value of `store`. It overrides maand.conf and {@link STORE_VARIABLE}. */
  readonly place?: string;
  /** Connects to a database; default: to PostgreSQL. */
  readonly connect?: ConnectStatements | undefined;
  /** Aborted when the command is interrupted. */
  readonly interrupted?: AbortSignal;
}

/**
 * The location of a bucket's store. Does not load the configuration, because commands that only read do not need it.
 * Undefined for SQLite, the default. Throws CONFIG_INVALID, BUCKET_NOT_TRUSTED if others can write maand.conf, and
 * STORE_REFUSED if `store_password_command` fails.
 */
export function storePlace(
  paths: Pick<BucketPaths, "root" | "conf">,
  options: StoreOptions = {},
): SharedStore | undefined {
  const written = options.place ?? process.env[STORE_VARIABLE];
  const conf = confOf(paths, written !== undefined);
  const file = basename(paths.conf);
  const value = written ?? conf.store;
  if (value === undefined) return undefined;
  const where = written === undefined ? file : options.place === undefined ? STORE_VARIABLE : "--to";
  const place = readPlace(String(value), where);
  if (!place) return undefined;
  const { offline = false, discards = false, connect, interrupted } = options;
  const password = offline ? undefined : (place.password ?? passwordOf(conf.store_password_command, file));
  const seconds = conf.store_timeout;
  const timeoutMs = typeof seconds === "number" && seconds >= 1 ? seconds * 1000 : TIMEOUT_MS;
  const now = () => new Date().toISOString();
  return {
    url: place.url,
    password,
    timeoutMs,
    offline,
    discards,
    now,
    ...(connect && { connect }),
    ...(interrupted && { interrupted }),
  };
}

/**
 * Finds a line that sets `store` or a key that begins with `store`. Most buckets have no such line, so they need no
 * TOML parser here.
 */
const MENTIONS = /^\s*["']?store/m;

/** The content of maand.conf. A file that cannot be read is reported when the configuration is loaded. */
function confOf(
  { root, conf }: Pick<BucketPaths, "root" | "conf">,
  isNeeded: boolean,
): Readonly<Record<string, unknown>> {
  const text = textOrReason(conf);
  if (typeof text !== "string" || (!isNeeded && !MENTIONS.test(text))) return {};
  checkCode(root, conf);
  try {
    return parse(text);
  } catch (cause) {
    throw new MaandError({
      code: "CONFIG_INVALID",
      message: `${basename(conf)} is not TOML: ${errorText(cause).split("\n")[0]}`,
      hint: "write TOML: key = value, with strings in double quotes",
    });
  }
}

function passwordOf(command: unknown, file: string): string | undefined {
  if (command === undefined || (Array.isArray(command) && command.length === 0)) return undefined;
  const [program, ...args] = Array.isArray(command) ? command.map(String) : [];
  if (program === undefined)
    throw new MaandError({
      code: "CONFIG_INVALID",
      message: `${file}: store_password_command must be a list of a program and its arguments`,
      hint: 'store_password_command = ["pass", "show", "maand/database"]',
    });
  try {
    const output = execFileSync(program, args, {
      encoding: "utf8",
      timeout: PASSWORD_MS,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return output.replace(/\r?\n$/, "");
  } catch (cause) {
    const output = isRecord(cause) && typeof cause.stderr === "string" ? cause.stderr.trim().split("\n") : [];
    throw new MaandError({
      code: "STORE_REFUSED",
      message: `store_password_command (${program}) failed, so there is no password for the database`,
      hint: `run ${program} by hand; or set PGPASSWORD`,
      output: output.slice(-5),
      cause,
    });
  }
}
