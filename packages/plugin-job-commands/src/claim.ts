import type { Claim } from "@maand/core";

/** Core checks the shape of `commands`; that this plugin claims the key says that somebody runs them. */
export const CommandsClaim: Claim = {
  description: "Scripts of the job that run on this machine at moments of build and deploy.",
  schema: { "~standard": { version: 1, vendor: "maand", validate: (value) => ({ value }) } },
};
