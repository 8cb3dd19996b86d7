import { MaandError } from "../../errors.ts";

/** A PostgreSQL database that keeps stores. */
export interface TeamPlace {
  /** As written, without a password. */
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

/** Options of the URL that are passed on; any other is refused, because it would be ignored without a word. */
const OPTIONS: ReadonlySet<string> = new Set(["host", "port", "user", "sslmode", "sslrootcert", "sslcert", "sslkey"]);

/**
 * Reads the value of `store`: undefined for SQLite. Throws CONFIG_INVALID, which names `where`, for anything else than `sqlite` and
 * the URL of a PostgreSQL database. No message contains the password.
 */
export function readPlace(text: string, where: string): TeamPlace | undefined {
  if (text === "sqlite") return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !SCHEMES.has(url.protocol))
    throw invalid(where, "it is neither sqlite nor the URL of a PostgreSQL database");
  if (url.pathname.length < 2) throw invalid(where, "the URL names no database");
  for (const name of url.searchParams.keys())
    if (!OPTIONS.has(name)) throw invalid(where, `the URL has an unknown option "${name}"`);
  const mode = url.searchParams.get("sslmode");
  if (mode !== null && !SSL_MODES.has(mode)) throw invalid(where, `sslmode "${mode}" is not known`);
  const password = url.password === "" ? undefined : decodeURIComponent(url.password);
  url.password = "";
  return { url: url.href, password };
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
