import { defineSettings, setting, type WrittenKeys } from "@maand/core";
import * as v from "valibot";

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** A file under `secrets/`: names without `..`, separated by `/`. */
const SECRET_FILE = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[^/\0][^\0]*$/;
/** The name of a program of `secret://exec/`, which is a part of references. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

const secretFile = v.pipe(v.string(), v.regex(SECRET_FILE, "must be a path under secrets/, without .."));

/** The keys of `maand.conf` for the programs of secret providers. */
export const SECRETS_SETTINGS = defineSettings({
  entries: {
    secret_programs: setting(
      v.record(
        v.pipe(v.string(), v.regex(NAME, "must be letters, digits, _ . and -")),
        v.pipe(
          v.array(v.string()),
          v.minLength(1, "must name a program"),
          v.check(([program]) => program !== "", "must name a program"),
        ),
      ),
      "Programs for secret://exec/<name>/..., each a list of the program and its arguments; default none.",
      {},
    ),
    secret_environment: setting(
      v.record(v.pipe(v.string(), v.regex(VARIABLE, "is not the name of a variable")), secretFile),
      "Environment variables for the programs of secret providers, each with a file under secrets/ that contains its value; default none.",
      {},
    ),
    secret_age_identity: setting(
      secretFile,
      'File under secrets/ with the identity for secret://age/...; default "age.key".',
      "age.key",
    ),
  },
});

/** The values of {@link SECRETS_SETTINGS}. */
export type SecretsSettings = ReturnType<typeof SECRETS_SETTINGS.from>;

declare module "@maand/core" {
  interface SettingsWritten extends WrittenKeys<typeof SECRETS_SETTINGS> {}
}
