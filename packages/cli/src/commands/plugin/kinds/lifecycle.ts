import type { PluginNames } from "../plugin-names.ts";
import { defaultExport, type Kind } from "./kind.ts";

/** Keys of a manifest use `_` instead of the `-` in names. */
const keyOf = ({ plugin }: PluginNames) => `${/^[a-z]/.test(plugin) ? "" : "run_"}${plugin.replaceAll("-", "_")}`;

/** Starts and stops jobs in its own way. */
export const LIFECYCLE: Kind = {
  does: "starts and stops jobs with their own program, without make",
  peers: [],
  schema: true,
  listed: ({ package: name, variable }) => ({ typescript: variable, json: `"${name}"` }),
  source: (names) => `import { definePlugin, type LifecycleStep, lifecycle } from "@maand/core";
import * as v from "valibot";

/** Runs the job's program in the job's directory on the worker, with the name of the step. */
const step =
  (name: string): LifecycleStep =>
  async ({ job, directory, remote, env, timeoutMs, signal }) => {
    await remote.exec([String(job.manifest.${keyOf(names)}), name], { cwd: directory, env, timeoutMs, signal });
  };

/** Jobs whose manifest has the key "${keyOf(names)}" are started and stopped by that program. */
export const ${names.variable} = definePlugin({
  name: "${names.plugin}",
  claims: {
    ${keyOf(names)}: {
      description: "The program that starts and stops the job: it is called with start, stop or status.",
      schema: v.pipe(v.string(), v.minLength(1)),
      lifecycle: true,
    },
  },
  apply: lifecycle({
    name: "${names.plugin}",
    before: "make",
    concerns: ({ manifest }) => manifest.${keyOf(names)} !== undefined,
    start: step("start"),
    stop: step("stop"),
    status: step("status"),
  }),
});

${defaultExport(names.variable)}`,
  test: (
    names,
  ) => `import { aJob, callHook, fakeRemote, reconcileContext, rolloutContext, targetContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { ${names.variable} } from "../src/index.ts";

const job = aJob({ manifest: { ${keyOf(names)}: "./control" } });

describe("${names.plugin}", () => {
  it("restarts a job with its program", async () => {
    const remote = fakeRemote();
    expect(await callHook(${names.variable}, "rollout", rolloutContext({ remote, job }))).toBe("done");
    expect(remote.lines).toEqual(["./control stop", "./control start"]);
    expect(remote.calls[0]?.options.cwd).toBe("/opt/worker/bucket/jobs/api");
  });

  it("stops a job that is disabled or removed", async () => {
    const remote = fakeRemote();
    const context = reconcileContext({ remote, job, action: { kind: "stop" } });
    expect(await callHook(${names.variable}, "reconcile", context)).toBe("done");
    expect(remote.lines).toEqual(["./control stop"]);
  });

  it("runs the program for maand job status", async () => {
    const remote = fakeRemote();
    await callHook(${names.variable}, "target", targetContext({ remote, job, target: "status" }));
    expect(remote.lines).toEqual(["./control status"]);
  });

  it("leaves other jobs to make", async () => {
    expect(await callHook(${names.variable}, "rollout")).toBeUndefined();
  });
});
`,
  usage: (names) => `In the job's \`manifest.json\`:

\`\`\`json
{ "version": "1.0.0", "selectors": ["worker"], "${keyOf(names)}": "./control" }
\`\`\`

\`control\` is an executable file of the job. It is called with \`start\`, \`stop\` or \`status\`. The job needs no Makefile.
`,
};
