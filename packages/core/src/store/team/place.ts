import { MaandError } from "../../errors.ts";
import { ATTRIBUTES_OPTION, apart, SESSION_ATTRIBUTES, serversOf } from "./pg/hosts.ts";

/** A PostgreSQL database that keeps stores. */
export interface TeamPlace {
  /** The URL as written, without a password. */
  readonly url: string;
  /** The password, if the URL contains one. */
  readonly password: string | undefined;
}

const SCHEMES: ReadonlySet<string> = new Set(["postgres:", "postgresql:"]);
const SSL_MODES: ReadonlySet<string> = new Set([
  "disable",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
  "no-verify",
]);

/** Options of the URL that are passed on. Any other option is refused, because the client would silently ignore it. */
const OPTIONS: ReadonlySet<string> = new Set([
  "host",
  "port",
  "user",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  ATTRIBUTES_OPTION,
]);

/**
 * Reads the value of `store`: undefined for SQLite. Throws CONFIG_INVALID, which names `where`, for anything except
 * `sqlite` and the URL of a PostgreSQL database. No message contains the password.
 */
export function readPlace(text: string, where: string): TeamPlace | undefined {
  if (text === "sqlite") return undefined;
  const [first] = serversOf(text)?.urls ?? [];
  const url = first === undefined ? undefined : new URL(first);
  if (!url || !SCHEMES.has(url.protocol))
    throw invalid(where, "it is neither sqlite nor the URL of a PostgreSQL database");
  if (url.pathname.length < 2) throw invalid(where, "the URL names no database");
  for (const name of optionsOf(text).keys())
    if (!OPTIONS.has(name)) throw invalid(where, `the URL has an unknown option "${name}"`);
  const mode = url.searchParams.get("sslmode");
  if (mode !== null && !SSL_MODES.has(mode)) throw invalid(where, `sslmode "${mode}" is not known`);
  const attributes = optionsOf(text).get(ATTRIBUTES_OPTION);
  if (attributes !== null && !SESSION_ATTRIBUTES.some((one) => one === attributes))
    throw invalid(where, `${ATTRIBUTES_OPTION} "${attributes}" is not one of ${SESSION_ATTRIBUTES.join(", ")}`);
  return apart(text);
}

function optionsOf(text: string): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(text)?.[1] ?? "");
}

/** A text in which the passwords of database URLs are masked. */
export function withoutPassword(text: string): string {
  return text.replace(/\b(postgres(?:ql)?:\/\/[^\s:/@]*):[^\s@]*@/g, "$1:***@");
}

function invalid(where: string, why: string): MaandError {
  return new MaandError({
    code: "CONFIG_INVALID",
    message: `${where}: store cannot be used: ${why}`,
    hint: 'write store = "postgres://user@host:5432/database?sslmode=verify-full"; the password comes from PGPASSWORD, ~/.pgpass or store_password_command',
  });
}
