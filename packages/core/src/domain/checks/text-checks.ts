import * as v from "valibot";
import { shown, withHint } from "./validate.ts";

const SECRETS = "write the name of a file below secrets/, or an absolute path";

/** The name of a private key: a path below `secrets/`, or an absolute one. */
export const keyFile = v.check(
  (path: string) => path === "" || path.startsWith("/") || (!path.startsWith("~") && !leavesDirectory(path)),
  ({ input }: v.CheckIssue<string>) => withHint(`${shown(input)} is not below secrets/`, SECRETS),
);

/** Refuses what a terminal would obey: a name that holds such a code would act wherever it is shown. */
export const withoutControlCodes = v.check(
  (text: string) => !/\p{Cc}/u.test(text),
  ({ input }: v.CheckIssue<string>) =>
    withHint(`${shown(input)} holds a control code`, "write printable characters alone"),
);

function leavesDirectory(path: string): boolean {
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return true;
  }
  return depth === 0;
}
