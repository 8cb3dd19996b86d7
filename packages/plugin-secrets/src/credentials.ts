import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MaandError } from "@maand/core";

/** Names of variables whose values are credentials in most cases. */
const CREDENTIAL = /TOKEN|PASSWORD|PASSPHRASE|SECRET|SESSION|KEY/i;

/** The environment of the programs of providers. */
export interface ProviderEnvironment {
  readonly env: NodeJS.ProcessEnv;
  /** Values that must not appear in messages. */
  readonly credentials: readonly string[];
}

/**
 * Adds variables from files in `secrets/`. Blanks and newlines around such a value are removed: editors add them,
 * and a program that gets them in a header may print the value in an error.
 */
export function providerEnvironment(
  files: Readonly<Record<string, string>>,
  bucketRoot: string,
  environment: NodeJS.ProcessEnv,
): ProviderEnvironment {
  const read = Object.entries(files).map(([name, file]): [string, string] => [
    name,
    readCredential(name, file, bucketRoot),
  ]);
  const inherited = Object.entries(environment).flatMap(([name, value]) =>
    CREDENTIAL.test(name) && value !== undefined ? [value] : [],
  );
  return {
    env: { ...environment, ...Object.fromEntries(read) },
    credentials: [...inherited, ...read.map(([, value]) => value)],
  };
}

function readCredential(name: string, file: string, bucketRoot: string): string {
  try {
    return readFileSync(join(bucketRoot, "secrets", file), "utf8").trim();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
    throw new MaandError({
      code: "SECRET_NOT_READ",
      message: `secrets/${file}, with the value of ${name}, cannot be read: ${code === "ENOENT" ? "it is missing" : code}`,
      hint: `create the file with mode 0600, or remove ${name} from secret_environment in maand.conf`,
    });
  }
}
