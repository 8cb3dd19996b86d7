import { MaandError } from "../../../errors.ts";
import { withoutPassword } from "../place.ts";
import type { Failure } from "./messages.ts";

/** Errors of PostgreSQL by their SQLSTATE, with code, meaning and hint. */
const REASONS: readonly (readonly [RegExp, "STORE_REFUSED" | "STORE_BROKEN", string, string])[] = [
  [
    /^28/,
    "STORE_REFUSED",
    "the database refuses the user or the password",
    "check the user in the URL, and PGPASSWORD, ~/.pgpass or store_password_command",
  ],
  [/^3D000/, "STORE_REFUSED", "there is no such database", "check the name in the URL, or create it with createdb"],
  [
    /^42501/,
    "STORE_REFUSED",
    "the user lacks a right",
    "GRANT USAGE ON SCHEMA maand, and all rights on its tables and functions, to the user in the URL",
  ],
  [
    /^(3F000|42883|42P01)/,
    "STORE_BROKEN",
    "the database has no complete schema maand",
    "maand store move --to URL creates it; if the URL is right, restore the database from a backup",
  ],
  [
    /^53100/,
    "STORE_BROKEN",
    "the disk of the database is full",
    "free space there and run the command again; nothing is lost",
  ],
  [
    /^25006/,
    "STORE_BROKEN",
    "the database is read-only: it is a standby, or was set to it",
    "use the address of the primary, or wait for it, and run the command again",
  ],
  [/^(XX|58|53200)/, "STORE_BROKEN", "the database reports an internal error", "see the log of the database"],
];

/** Node's codes for TLS errors, after which a retry does not help. */
const TLS = /^(DEPTH_|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS|ERR_SSL)/;

/** The error for a statement that failed; `url` has no password. */
export function databaseError(url: string, { code, message }: Failure): MaandError {
  const text = withoutPassword(message);
  const [, name, meaning, hint] = REASONS.find(([pattern]) => pattern.test(code)) ?? [];
  if (name !== undefined) return storeError(name, `${meaning} (${text})`, url, hint);
  if (TLS.test(code))
    return storeError(
      "STORE_REFUSED",
      `its certificate is not trusted (${text})`,
      url,
      "check sslmode and sslrootcert in the URL",
    );
  if (/SASL|password must be a string|no password/i.test(message))
    return storeError("STORE_REFUSED", "it requires a password, and none is set", url, REASONS[0]?.[3]);
  if (/does not support SSL/i.test(message))
    return storeError("STORE_REFUSED", "it does not offer TLS", url, "check sslmode in the URL");
  if (/^E[MN]FILE$/.test(code))
    return storeError(
      "STORE_UNREACHABLE",
      `no more files can be opened (${text})`,
      url,
      "raise the limit of open files, as with ulimit -n 1024, and run the command again",
    );
  if (/^[0-9A-Z]{5}$/.test(code) && !/^(08|57|53300)/.test(code))
    return storeError("STORE_BROKEN", `${text} (${code})`, url, "see the log of the database");
  return storeError(
    "STORE_UNREACHABLE",
    text,
    url,
    "check that the database runs and is reachable; then run the command again",
  );
}

function storeError(
  code: "STORE_REFUSED" | "STORE_BROKEN" | "STORE_UNREACHABLE",
  why: string,
  url: string,
  hint: string | undefined,
): MaandError {
  const verb = code === "STORE_UNREACHABLE" ? "be reached" : "be used";
  return new MaandError({
    code,
    message: `the store ${url} cannot ${verb}: ${why}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
