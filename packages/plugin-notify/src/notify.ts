import { hostname } from "node:os";
import { basename } from "node:path";
import { type CommitContext, definePlugin, MaandError, type Plugin } from "@maand/core";
import { userName } from "@maand/core/toolbox";
import { occasionsOf } from "./occasion.ts";
import { NOTIFY_SETTINGS } from "./settings.ts";

export interface NotifyOptions {
  /** The environment for `url_env` and commands; default: the environment of the process. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Notifies people when a run ends, as configured by `notify` in `maand.conf`. A notification that cannot be sent is a
 * warning, and never changes the outcome.
 */
export function notify({ environment = process.env }: NotifyOptions = {}): Plugin<"notify"> {
  return definePlugin({
    name: "notify",
    settings: NOTIFY_SETTINGS,
    apply({ commit }) {
      commit.tapPromise("notify", async (context) => {
        const occasions = occasionsOf(context.summary);
        const { notify: all } = NOTIFY_SETTINGS.from(context.settings);
        const targets = all.filter(({ on }) => on.some((occasion) => occasions.has(occasion)));
        if (targets.length === 0) return;
        const { send } = await import("./send.ts");
        const report = reportOf(context);
        const where = { bucketRoot: context.bucket.root, environment };
        const sent = await Promise.allSettled(targets.map((target) => send(target, report, where)));
        const failures = sent.flatMap((one) => (one.status === "rejected" ? [reasonOf(one.reason)] : []));
        if (failures.length > 0)
          throw new MaandError({
            code: "HOOK_FAILED",
            message: `some notifications were not sent: ${failures.join("; ")}`,
          });
      });
    },
  });
}

function reportOf({ bucket, run, summary }: CommitContext) {
  return {
    bucket: basename(bucket.root),
    run: run.id,
    command: run.command,
    by: `${userName()}@${hostname()}`,
    summary,
  };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
