import { definePlugin, type Plugin } from "@maand/core";
import { COMMANDS } from "./commands/index.ts";
import { LogsClaim } from "./follow/claim.ts";

/** The tools of an operator: doctor, tables, logs, commands on workers, scaffolds of jobs, and schemas for editors. */
export function operations(): Plugin<"operations"> {
  return definePlugin({
    name: "operations",
    commands: COMMANDS,
    claims: { logs: LogsClaim },
    apply({ init }) {
      init.tapPromise("operations", async ({ bucket, plugins, wrote }) => {
        const { writeEditorFiles } = await import("./editor/editor-files.ts");
        for (const file of await writeEditorFiles(bucket.root, plugins)) wrote(file);
      });
    },
  });
}
