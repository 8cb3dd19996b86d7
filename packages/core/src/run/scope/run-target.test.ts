import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openBucket } from "../../embed.ts";
import { definePlugin } from "../../plugin-api/plugin.ts";
import { aBucket, fakeRemote } from "../../testing/index.ts";

const HOST = "10.0.0.1";

it("the error for a target that no plugin handles names the target, the worker and the next step", async () => {
  let error: unknown;
  const withoutTargets = definePlugin({
    name: "without-targets",
    apply({ connect, stage, rollout, afterJob }) {
      connect.tapPromise("without-targets", async ({ worker: { host, workerId }, root, bucket: { id } }) => {
        const stdout = JSON.stringify({ bucket_id: id, worker_id: workerId, update_seq: 1 });
        return fakeRemote({ host, root, transport: "fake", answers: { "cat ": { stdout } } });
      });
      stage.tap("without-targets", () => "done");
      rollout.tap("without-targets", () => "done");
      afterJob.tapPromise("without-targets", async ({ allocations, scope }) => {
        for (const allocation of allocations)
          error = await scope(allocation)
            .runTarget({ job: "api", host: HOST, target: "backup" })
            .catch((cause: unknown) => cause);
      });
    },
  });
  const files = aBucket();
  onTestFinished(() => files.dispose());
  files.workers(HOST);
  files.job("api", { selectors: ["worker"] });
  const bucket = await openBucket({ directory: join(files.root, "workspace"), defaults: () => [withoutTargets] });
  onTestFinished(() => void bucket.close());
  await bucket.build();
  expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
  expect(error).toMatchObject({
    code: "NO_HANDLER",
    message: `no plugin handles \`target\` (backup of api) for worker ${HOST} with transport "fake"`,
    hint: expect.stringContaining("to list the loaded plugins, run maand plugins"),
    worker: HOST,
  });
});
