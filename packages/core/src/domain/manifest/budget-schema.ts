import * as v from "valibot";
import { described, looksLike } from "../checks/schema-notes.ts";
import { shown, withHint } from "../checks/validate.ts";
import { namePattern, nameRule } from "../workspace/names.ts";

/**
 * The largest accepted number. It exceeds the number of allocations of any bucket, so a larger number must be a typo.
 */
const MOST = 100_000;

const HINT = 'write 1 for one at a time, or "25%" for a quarter of them; "100%" allows all of them';

const RANGE = ({ input }: { readonly input: number }) =>
  withHint(
    input === 0
      ? "0 would never let an allocation be upgraded or drained"
      : `must be between 1 and ${MOST}, but is ${shown(input)}`,
    HINT,
  );

/** `max_unavailable` of a manifest. */
export const MAX_UNAVAILABLE = described(
  v.union(
    [
      v.pipe(v.number(), v.integer(), v.minValue(1, RANGE), v.maxValue(MOST, RANGE)),
      v.pipe(
        v.string(),
        v.regex(/^(?:[1-9]\d?|100)%$/, ({ input }) =>
          withHint(`${shown(input)} is not a share of the allocations`, HINT),
        ),
        v.metadata({ patternErrorMessage: HINT }),
      ),
    ],
    ({ input }) => withHint(`must be a whole number or a percentage, but is ${shown(input)}`, HINT),
  ),
  "Number of allocations that may be unavailable at a time, for any reason; default: the size of an upgrade batch.",
  { examples: [1, "25%"] },
);

/** `never_with` of a manifest. */
export const NEVER_WITH = described(
  v.array(v.pipe(v.string(), v.trim(), looksLike(namePattern("job"), `use ${nameRule("job")}`))),
  "Jobs that must not be rolled out or maintained at the same time as this one.",
  { examples: [["db"]] },
);
