import * as v from "valibot";
import { described } from "../checks/schema-notes.ts";
import { onlyObject, withHint } from "../checks/validate.ts";
import { COMMAND_EVENTS } from "./command-events.ts";

const EVENTS_HINT = 'list the events at which it runs, such as ["post_deploy"]';

/** Examples for editors; plugins may add other events. */
const EVENTS: readonly string[] = Object.keys(COMMAND_EVENTS);

/** The schema of an entry of `commands` in a manifest. */
export const CommandSchema = v.looseObject(
  {
    executed_on: v.pipe(
      v.array(v.pipe(v.string(), v.examples(EVENTS))),
      v.minLength(1, withHint("must name at least one event", EVENTS_HINT)),
      v.metadata({
        description: `When it runs, during builds and deploys: ${EVENTS.join(", ")}.`,
        examples: [["post_deploy"]],
      }),
    ),
    demands: described(
      onlyObject(
        v.looseObject({
          job: described(v.string(), "The job it needs."),
          command: described(v.string(), "The command of that job."),
          config: described(onlyObject(v.record(v.string(), v.unknown())), "Input for that command; any JSON value."),
        }),
        'write { "job": "...", "command": "command_..." }',
      ),
      "A command of another job that it needs; that job is then deployed first.",
      { dependencies: { job: ["command"], command: ["job"] } },
    ),
    once: described(
      v.boolean(),
      "Run once per job, for its first active allocation, instead of once per allocation; default false.",
      { default: false },
    ),
    runtime: described(v.string(), "The runtime that executes it, if not the default one."),
  },
  withHint("is missing", EVENTS_HINT),
);

/** Keys of a command that core or a stock plugin reads. */
export const COMMAND_KEYS: readonly string[] = Object.keys(CommandSchema.entries);
