import type { StageContext } from "@maand/core";
import { filterRules } from "./filters.ts";
import { RSH } from "./rsh.ts";

/** Options of the plugin. */
export interface RsyncOptions {
  /** Compress on the way; default false: configuration is small, and workers are mostly near. */
  readonly compress?: boolean;
  /** The rsync of this machine; default `rsync`. */
  readonly program?: string;
}

/** What the arguments depend on. */
export interface Sync extends Pick<StageContext, "sources" | "jobs" | "keep" | "protect" | "timeoutMs"> {
  /** Directory on the worker. */
  readonly root: string;
  readonly compress: boolean;
}

/**
 * Arguments of the local rsync. Files are compared by content, because trees are written again for every run; replaced in
 * one go at the end (`--delay-updates`, `--delete-delay`), never in place, so that a full disk leaves the old ones whole.
 * Modes come from the tree, directories are 0755, the owner is the user who receives. All of it is read before anything is
 * sent (`--no-inc-recursive`), as merging several sources needs. A link of the operator in place of a directory is followed
 * (`--keep-dirlinks`): {@link surveyWorker} has refused any other. No shell sees a name (`--protect-args`).
 */
export function rsyncArguments({ sources, jobs, keep, protect, timeoutMs, root, compress }: Sync): string[] {
  return [
    "--recursive",
    "--no-inc-recursive",
    "--keep-dirlinks",
    "--checksum",
    "--perms",
    "--chmod=D0755",
    "--no-owner",
    "--no-group",
    "--no-times",
    "--delete-delay",
    "--delay-updates",
    "--info=del",
    "--8-bit-output",
    "--protect-args",
    ...(compress ? ["--compress"] : []),
    `--timeout=${Math.max(1, Math.ceil(timeoutMs / 1000))}`,
    ...filterRules({ jobs, keep, protect }).map((rule) => `--filter=${rule}`),
    `--rsh=${RSH}`,
    ...sources.map((source) => `${source.replace(/\/+$/, "")}/`),
    `worker:${root}/`,
  ];
}
