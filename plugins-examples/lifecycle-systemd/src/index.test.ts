import {
  aBucket,
  aFile,
  aJob,
  createHooks,
  fakeRemote,
  reconcileContext,
  rolloutContext,
  targetContext,
  validateContext,
} from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { lifecycleSystemd } from "./index.ts";

const job = aJob({ manifest: { systemd: "api.service" }, files: [aFile({ path: "api.service" })] });
const file = "/opt/worker/bucket/jobs/api/api.service";

async function hooksOf() {
  const hooks = createHooks();
  await lifecycleSystemd().apply(hooks);
  return hooks;
}

describe("lifecycle-systemd", () => {
  it.each([
    ["start", [`systemctl enable ${file}`, "systemctl start api.service"]],
    ["restart", [`systemctl enable ${file}`, "systemctl daemon-reload", "systemctl restart api.service"]],
    ["reload", ["systemctl daemon-reload", "systemctl reload-or-restart api.service"]],
  ] as const)("the action %s runs systemctl", async (kind, lines) => {
    const remote = fakeRemote();
    const hooks = await hooksOf();
    expect(await hooks.rollout.promise(rolloutContext({ job, remote, action: { kind } }))).toBe("done");
    expect(remote.lines).toEqual(lines);
    expect(remote.calls.every(({ options }) => options.asRoot)).toBe(true);
  });

  it("stops and disables the unit of a removed allocation, and does not delete its files", async () => {
    const remote = fakeRemote();
    const hooks = await hooksOf();
    expect(await hooks.reconcile.promise(reconcileContext({ job, remote }))).toBe("done");
    expect(
      await hooks.reconcile.promise(reconcileContext({ job, remote, action: { kind: "remove" } })),
    ).toBeUndefined();
    expect(remote.lines).toEqual(["systemctl disable --now api.service"]);
  });

  it("shows the unit for the target status, and leaves other targets to make", async () => {
    const remote = fakeRemote({ answers: { "systemctl status": { stdout: "active (running)\n" } } });
    const hooks = await hooksOf();
    const context = targetContext({ job, remote, target: "status" });
    expect(await hooks.target.promise(context)).toBe("done");
    expect(context.output).toEqual([{ line: "active (running)", stream: "stdout" }]);
    expect(await hooks.target.promise(targetContext({ job, remote, target: "migrate" }))).toBeUndefined();
  });

  it("does not handle other jobs", async () => {
    const remote = fakeRemote();
    const hooks = await hooksOf();
    expect(await hooks.rollout.promise(rolloutContext({ remote }))).toBeUndefined();
    expect(remote.lines).toEqual([]);
  });

  it("reports the output of a failed systemctl", async () => {
    const remote = fakeRemote({ answers: { "systemctl start": { code: 1, stderr: "Unit api.service failed.\n" } } });
    const hooks = await hooksOf();
    await expect(
      hooks.rollout.promise(rolloutContext({ job, remote, action: { kind: "start" } })),
    ).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      output: ["Unit api.service failed."],
    });
  });

  it("reports a missing unit file at build", async () => {
    const hooks = await hooksOf();
    const context = validateContext({ jobs: [job, aJob({ name: "web", manifest: { systemd: "web.service" } })] });
    await hooks.validate.promise(context);
    expect(context.problems).toMatchObject([
      { where: "workspace/jobs/web/manifest.json: systemd", message: "job web has no file web.service" },
    ]);
  });

  it("requires no Makefile for its jobs, and refuses a name that is not a unit", async () => {
    const bucket = aBucket({ plugins: [lifecycleSystemd()] });
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"], systemd: "../api.service" });
    await expect(bucket.build().finally(bucket.dispose)).rejects.toMatchObject({
      problems: [{ message: "must be the name of a unit, such as api.service" }],
    });
    expect(lifecycleSystemd().claims?.systemd?.lifecycle).toBe(true);
  });
});
