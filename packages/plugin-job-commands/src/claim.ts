import { type Claim, defineSettings, setting } from "@maand/core";
import * as v from "valibot";

/** Core checks the form of `commands`; this claim declares that a loaded plugin runs them. */
export const CommandsClaim: Claim = {
  description: "Commands of the job: scripts that run on this machine at given events of a build or deploy.",
  schema: { "~standard": { version: 1, vendor: "maand", validate: (value) => ({ value }) } },
};

/** The key of `maand.conf` that sets the timeout of job commands. */
export const COMMAND_SETTINGS = defineSettings({
  entries: {
    "timeouts.hook": setting(
      v.pipe(
        v.number(),
        v.minValue(1, "must be at least 1 second"),
        v.maxValue(86_400, "must be at most a day, 86400 seconds"),
      ),
      "Seconds that a job command may take; default 600.",
      600,
    ),
  },
});

declare module "@maand/core" {
  interface TimeoutsWritten {
    readonly hook?: number;
  }
}
