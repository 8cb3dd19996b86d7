import { createHash } from "node:crypto";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { createHooks } from "@maand/core/internal";
import { fakeRemote, inventoryContext } from "@maand/core/testing";
import { expect, it } from "vitest";
import { make } from "../make.ts";
import { aWorker } from "../stage/stage.test.support.ts";

const sum = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex");

/** Lists the files of a job on a worker, through a real runner. */
async function list(worker: ReturnType<typeof aWorker>, wanted: Readonly<Record<string, readonly string[]>> = {}) {
  const { remote } = worker.context({});
  const jobs = new Map([["web", new Map(Object.entries(wanted))]]);
  const hooks = createHooks();
  void make().apply(hooks);
  const found = await hooks.inventory.promise(
    inventoryContext({ remote, jobs, metadata: ["worker.json", "none.json"] }),
  );
  return { metadata: found?.metadata, files: found?.jobs.get("web") ?? [] };
}

it("the files of a job are listed with mode, size and checksums, and nothing is changed", async () => {
  const worker = aWorker();
  worker.write("worker.json", '{ "update_seq": 3 }');
  worker.write("jobs/web/html/index.html", "<h1>");
  worker.write("jobs/web/Makefile", "start:");
  worker.write("jobs/other/Makefile", "start:");
  const before = worker.files();
  const { metadata, files } = await list(worker);
  expect([...(metadata ?? [])]).toEqual([["worker.json", '{ "update_seq": 3 }']]);
  const of = (path: string, text: string) => ({
    path,
    mode: 0o600,
    size: text.length,
    hash: sum("sha256", text),
    md5: sum("md5", text),
  });
  expect(files).toEqual([of("Makefile", "start:"), of("html/index.html", "<h1>")]);
  expect(worker.files()).toEqual(before);
});

it("files that the job creates at run time are omitted, and links are not followed", async () => {
  const worker = aWorker();
  for (const path of ["data/log", "logs/a", "bin/x", "conf/data/kept"]) worker.write(`jobs/web/${path}`, "x");
  symlinkSync("/etc", join(worker.root, "jobs/web/etc"));
  expect((await list(worker)).files.map(({ path }) => path)).toEqual(["conf/data/kept"]);
});

it("the content of a requested file is returned if its hash is not an expected one", async () => {
  const worker = aWorker();
  worker.write("jobs/web/app.conf", "ü\0\n");
  worker.write("jobs/web/same.conf", "same");
  const { files } = await list(worker, { "app.conf": [sum("sha256", "other")], "same.conf": [sum("sha256", "same")] });
  expect(files.map(({ path, content }) => [path, content && Buffer.from(content).toString()])).toEqual([
    ["app.conf", "ü\0\n"],
    ["same.conf", undefined],
  ]);
});

it("a job without a directory has no files", async () => {
  expect((await list(aWorker())).files).toEqual([]);
});

it("the error names a worker on which no runner can be started", async () => {
  const hooks = createHooks();
  void make().apply(hooks);
  await expect(hooks.inventory.promise(inventoryContext({ remote: fakeRemote() }))).rejects.toMatchObject({
    code: "WORKER_LACKS",
    worker: "10.0.0.1",
  });
});
