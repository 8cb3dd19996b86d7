import type { StageContext } from "@maand/core";
import { filterRules } from "./filters.ts";
import { RSH } from "./rsh.ts";

/** Options of the plugin. */
export interface RsyncOptions {
  /** Compress the data in transit; default false, because configuration is small and workers are usually close. */
  readonly compress?: boolean;
  /** The rsync program on this machine; default `rsync`. */
  readonly program?: string;
}

/** The input of the arguments. */
export interface Sync extends Pick<StageContext, "sources" | "jobs" | "keep" | "protect" | "timeoutMs"> {
  /** Directory on the worker. */
  readonly root: string;
  readonly compress: boolean;
}

/**
 * Arguments of the local rsync. Files are compared by content, because trees are written again for every run. They are
 * replaced together at the end (`--delay-updates`, `--delete-delay`), never in place, so that a full disk leaves the
 * old files intact. Modes come from the tree, directories are 0755, and the owner is the receiving user. Everything is
 * read before anything is sent (`--no-inc-recursive`), which is required to merge several sources. A link of the
 * operator in place of a directory is followed (`--keep-dirlinks`), because {@link surveyWorker} has refused all
 * others. Names are never parsed by a shell (`--protect-args`).
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
