import * as v from "valibot";
import { described, looksLike } from "../checks/schema-notes.ts";
import { onlyObject, shown, withHint } from "../checks/validate.ts";
import { type FileRule, MODE_PATTERN, OWNER_PATTERN, parseMode } from "../deploy/file-access.ts";

const MODE_HINT = 'write it as "0640", in quotes; the owner must be able to read the file';
const OWNER_HINT = "write its name or number on the worker";

const owner = (what: string) =>
  v.pipe(
    v.string(),
    v.regex(OWNER_PATTERN, ({ input }) => withHint(`${shown(input)} is not a ${what}`, OWNER_HINT)),
    looksLike(OWNER_PATTERN.source, OWNER_HINT),
  );

/** An entry of `files`. It is strict, because a typo would leave a file readable by everyone. */
export const FileRuleSchema = onlyObject(
  v.pipe(
    v.strictObject(
      {
        mode: described(
          v.pipe(
            v.string(),
            v.regex(MODE_PATTERN, ({ input }) => withHint(`${shown(input)} is not a mode`, MODE_HINT)),
            looksLike(MODE_PATTERN.source, MODE_HINT),
          ),
          "Permission bits; default 0644, 0755 if the file is executable, or secret_files_mode of the bucket.",
          { examples: ["0640"] },
        ),
        owner: described(owner("user"), "The user that owns it; default: root, or the ssh user if use_sudo is off.", {
          examples: ["app"],
        }),
        group: described(owner("group"), "The group that owns it; default: the group of root, or of the ssh user.", {
          examples: ["app"],
        }),
      },
      ({ received }) => withHint(`unknown key ${received}`, "valid keys: mode, owner, group"),
    ),
    v.check((rule) => Object.keys(rule).length > 0, withHint("sets nothing", 'write { "mode": "0640" }')),
  ),
  'write { "mode": "0640" }',
);

type WrittenRules = Readonly<Record<string, v.InferOutput<typeof FileRuleSchema>>>;

/** The rules of a manifest, in the order in which they are written. */
export function fileRulesOf(written: WrittenRules): FileRule[] {
  return Object.entries(written).map(([pattern, { mode, owner, group }]) => ({
    pattern,
    ...(mode === undefined ? {} : { mode: parseMode(mode) }),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
  }));
}
