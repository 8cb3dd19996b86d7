import type { Job } from "../../domain/workspace/job.ts";
import type { Plugin } from "../plugin.ts";

/** The plugin that claims the lifecycle of a job; undefined if none does. */
export function runBy({ manifest }: Pick<Job, "manifest">, plugins: readonly Plugin[]): string | undefined {
  const runs = ({ claims = {} }: Plugin) =>
    Object.entries(claims).some(([key, { lifecycle }]) => lifecycle === true && key in manifest);
  return plugins.find(runs)?.name;
}
