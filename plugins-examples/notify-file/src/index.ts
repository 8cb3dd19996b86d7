import { appendFile, mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { definePlugin, type Plugin, summaryRecord } from "@maand/core";

export interface NotifyFileOptions {
  /** The file to append to; a relative path is relative to the bucket. */
  readonly file: string;
  /** Only write deploys that failed or were interrupted; default false. */
  readonly onlyFailures?: boolean;
}

/** Appends one line of JSON to a file for every deploy: its id, when it ended, and its summary. */
export function notifyFile({ file, onlyFailures = false }: NotifyFileOptions): Plugin {
  return definePlugin({
    name: "notify-file",
    apply({ commit }) {
      commit.tapPromise("notify-file", async ({ run, bucket, summary }) => {
        if (onlyFailures && summary.outcome === "ok") return;
        const line = { run: run.id, at: new Date().toISOString(), ...summaryRecord(summary) };
        const place = resolve(bucket.root, file);
        await mkdir(dirname(place), { recursive: true });
        await appendFile(place, `${JSON.stringify(line)}\n`);
      });
    },
  });
}
