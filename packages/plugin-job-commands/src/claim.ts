import type { Claim } from "@maand/core";

/** Core checks the form of `commands`; this claim says that a loaded plugin runs them. */
export const CommandsClaim: Claim = {
  description: "Scripts of the job that run on this machine at moments of build and deploy.",
  schema: { "~standard": { version: 1, vendor: "maand", validate: (value) => ({ value }) } },
};
