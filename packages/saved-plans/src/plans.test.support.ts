import { definePlugin, type Summary } from "@maand/core";
import { NAMESPACE, type PlanOptions } from "@maand/core/internal";
import type { TestBucket } from "@maand/core/testing";
import { deployPlan } from "./deploy-plan.ts";
import { planText, readPlan } from "./file/plan-file.ts";
import type { SavedPlan } from "./file/plan-schema.ts";
import { makePlan } from "./make-plan.ts";

/** Renders each `<name>.fill`: `@color` and `@password` are values that the job reads from the KV store. */
export const fill = definePlugin({
  name: "fill",
  apply({ render }) {
    render.tap("fill", (tree, { job, kv, read }) => ({
      files: tree.files.map((file) => {
        if (!file.path.endsWith(".fill")) return file;
        const text = Buffer.from(read(file)).toString();
        const secret = text.includes("@password");
        const filled = text
          .replaceAll("@color", () => kv.get(NAMESPACE.jobVars(job.name), "color"))
          .replaceAll("@password", () => kv.get(NAMESPACE.secrets(job.name), "password"));
        return { ...file, content: Buffer.from(filled), ...(secret ? { secret } : {}) };
      }),
    }));
  },
});

/** The values that the hooks before a job write into its variables, as its `pre_deploy` commands would. */
export function preDeploy(values: Record<string, string>) {
  return definePlugin({
    name: "pre",
    apply({ beforeJob }) {
      beforeJob.tapPromise("pre", async ({ job, allocations, scope }) => {
        const [first] = allocations;
        if (!first || !job.commands.some(({ executedOn }) => executedOn.includes("pre_deploy"))) return;
        const kv = scope(first).openKv();
        for (const [key, value] of Object.entries(values)) kv.put(NAMESPACE.jobVars(job.name), key, value);
        kv.commit();
      });
    },
  });
}

/** The manifest key of a job with a `pre_deploy` command. */
export const PRE_DEPLOY = { commands: { command_before: { executed_on: ["pre_deploy"] } } };

/** Makes a plan, and reads it back from its text as from a file. */
export async function planned(bucket: TestBucket, options: Partial<PlanOptions> = {}): Promise<SavedPlan> {
  const opened = await bucket.open();
  try {
    const made = await makePlan(opened, { jobs: [], force: false, syncOnly: false, ...options });
    return readPlan(planText(made.saved), "plan.json");
  } finally {
    await opened.close();
  }
}

/** Applies a plan as a separate process would. */
export async function apply(bucket: TestBucket, plan: SavedPlan): Promise<Summary> {
  const opened = await bucket.open();
  return deployPlan(opened, plan).finally(() => opened.close());
}

/** Writes KV entries, as a command of a job does. */
export async function put(bucket: TestBucket, namespace: string, key: string, value: string): Promise<void> {
  const opened = await bucket.open();
  opened.kv.put(namespace, key, value);
  await opened.close();
}

/** All changes on the workers since the last call. */
export function done(bucket: TestBucket): string[] {
  return bucket.fleet.done.splice(0);
}
