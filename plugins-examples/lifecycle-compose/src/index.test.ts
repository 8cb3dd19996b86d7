import {
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
import { lifecycleCompose } from "./index.ts";

const job = aJob({ manifest: { compose: "compose.yaml" }, files: [aFile({ path: "compose.yaml.tpl" })] });
const directory = "/opt/worker/bucket/jobs/api";
const compose = `docker compose --ansi never --project-name api-bucket --file ${directory}/compose.yaml`;

async function hooksOf() {
  const hooks = createHooks();
  await lifecycleCompose().apply(hooks);
  return hooks;
}

describe("lifecycle-compose", () => {
  it.each([
    ["start", `${compose} up --detach --wait --remove-orphans`],
    ["restart", `${compose} up --detach --wait --remove-orphans --force-recreate`],
    ["reload", `${compose} up --detach --wait --remove-orphans`],
  ] as const)("the action %s starts the project", async (kind, line) => {
    const remote = fakeRemote();
    const hooks = await hooksOf();
    expect(await hooks.rollout.promise(rolloutContext({ job, remote, action: { kind } }))).toBe("done");
    expect(remote.lines).toEqual([line]);
  });

  it("passes the lifecycle environment to the compose file, in the job's directory", async () => {
    const remote = fakeRemote();
    const hooks = await hooksOf();
    await hooks.rollout.promise(rolloutContext({ job, remote, timeoutMs: 7_000 }));
    expect(remote.calls[0]?.options).toMatchObject({
      cwd: directory,
      asRoot: true,
      timeoutMs: 7_000,
      env: { JOB: "api", NEW_VERSION: "1.0.0" },
    });
  });

  it("stops the project of a removed allocation", async () => {
    const remote = fakeRemote();
    const hooks = await hooksOf();
    expect(await hooks.reconcile.promise(reconcileContext({ job, remote }))).toBe("done");
    expect(
      await hooks.reconcile.promise(reconcileContext({ job, remote, action: { kind: "remove" } })),
    ).toBeUndefined();
    expect(remote.lines).toEqual([`${compose} down`]);
  });

  it("shows the containers for the target status, and leaves other targets to make", async () => {
    const remote = fakeRemote();
    const hooks = await hooksOf();
    expect(await hooks.target.promise(targetContext({ job, remote, target: "status" }))).toBe("done");
    expect(await hooks.target.promise(targetContext({ job, remote, target: "migrate" }))).toBeUndefined();
    expect(remote.lines).toEqual([`${compose} ps --all`]);
  });

  it("does not handle other jobs", async () => {
    const remote = fakeRemote();
    const hooks = await hooksOf();
    expect(await hooks.rollout.promise(rolloutContext({ remote }))).toBeUndefined();
    expect(remote.lines).toEqual([]);
  });

  it("reports a missing compose file at build, and accepts a template instead", async () => {
    const hooks = await hooksOf();
    const context = validateContext({ jobs: [job, aJob({ name: "web", manifest: { compose: "compose.yml" } })] });
    await hooks.validate.promise(context);
    expect(context.problems).toMatchObject([
      { where: "workspace/jobs/web/manifest.json: compose", message: "job web has no file compose.yml" },
    ]);
  });
});
