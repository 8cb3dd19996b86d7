import * as v from "valibot";
import { error, type Report } from "../checks/problem.ts";
import { described, looksLike } from "../checks/schema-notes.ts";
import { isRecord, onlyObject, shown, withHint } from "../checks/validate.ts";
import { LAST_STEP, parseStep, STEP_PATTERN, type StagedRollout, stepProblems } from "../rollout/steps.ts";

/** The maximum number of steps. A rollout with more steps would take too long. */
const MOST_STEPS = 50;

const STEP_HINT = 'write "1" for a count, "25%" for a share, "pause", or "10m" for a wait (s, m, h or d)';

const ENTRIES = {
  steps: described(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.check(
            (text) => parseStep(text) !== undefined,
            ({ input }) => withHint(`${shown(input)} is not a step`, STEP_HINT),
          ),
          looksLike(STEP_PATTERN, STEP_HINT),
        ),
      ),
      v.maxLength(MOST_STEPS, () => withHint(`has more than ${MOST_STEPS} steps`, "leave some out")),
      v.metadata({ contains: { const: LAST_STEP } }),
    ),
    "Steps in which a new release is rolled out: a number or percentage of the allocations, pause, or a wait such as 10m; the last is 100%.",
    { examples: [["1", "pause", "25%", "10m", "100%"]] },
  ),
  soak_seconds: described(
    v.pipe(v.number(), v.minValue(0), v.maxValue(86_400)),
    "Seconds for which the health is checked repeatedly after each step; one failure fails the step; default 0.",
    { default: 0, examples: [30] },
  ),
};

/** The keys of `rollout` in a manifest. */
export const ROLLOUT_KEYS: readonly string[] = Object.keys(ENTRIES);

/** `rollout` of a manifest. */
export const RolloutSchema = onlyObject(v.looseObject(ENTRIES), `write { "steps": ["1", "pause", "${LAST_STEP}"] }`);

/** Reports steps that do not increase or do not end with 100%, even if some of the steps are invalid. */
export function reportSteps(written: unknown, file: string, report: Report): void {
  const steps = isRecord(written) ? written.steps : undefined;
  if (!Array.isArray(steps)) return;
  for (const { at, message, hint } of stepProblems(steps))
    report(error("invalid_manifest", `${file}: rollout.steps${at === undefined ? "" : `[${at}]`}`, message, hint));
}

/** The staged rollout of a manifest; undefined if it has none. */
export function rolloutOf({
  steps = [LAST_STEP],
  soak_seconds: soakSeconds = 0,
}: v.InferOutput<typeof RolloutSchema> = {}): StagedRollout | undefined {
  return steps.length === 1 && soakSeconds === 0 ? undefined : { steps, soakSeconds };
}
