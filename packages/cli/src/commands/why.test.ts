import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Store } from "@maand/core/internal";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CommandResult, initialised, typedIn } from "../run/typed.test.support.ts";

let fresh = "";
let root = "";
let maand: (...argv: string[]) => Promise<CommandResult>;

beforeAll(async () => {
  fresh = await initialised();
});

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "maand-why-"));
  cpSync(fresh, root, { recursive: true });
  maand = typedIn(root);
  write("maand.conf", 'transport = "local"\n');
  write("workspace/workers.json", '[{ "host": "127.0.0.21" }, { "host": "127.0.0.22" }]');
  job("api", { version: "1.0.0" });
  await ship();
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

function job(name: string, manifest: object, makefile = "start stop restart reload:\n\t@true\n"): void {
  write(`workspace/jobs/${name}/manifest.json`, JSON.stringify({ selectors: ["worker"], ...manifest }));
  write(`workspace/jobs/${name}/Makefile`, makefile);
}

async function ship(): Promise<number> {
  await maand("build");
  return (await maand("deploy")).code;
}

/** The line for one worker, after a build. */
async function why(...argv: string[]): Promise<string[]> {
  expect(await maand("build")).toMatchObject({ code: 0 });
  const { out } = await maand("why", ...(argv.length === 0 ? ["api", "127.0.0.21"] : argv));
  return out.trimEnd().split("\n");
}

const API = "api on 127.0.0.21";

describe("maand why reports", () => {
  it("that nothing changed", async () => {
    expect(await why("api")).toEqual([
      `${API} will not change: unchanged`,
      "api on 127.0.0.22 will not change: unchanged",
    ]);
  });

  it("the version and the changed files", async () => {
    job("api", { version: "1.1.0" });
    write("workspace/jobs/api/a.conf", "x");
    expect(await why()).toEqual([
      `${API} will be restarted: version 1.0.0 -> 1.1.0; 2 files changed: a.conf (added), manifest.json`,
    ]);
  });

  it("why a reload became a restart", async () => {
    job("api", { version: "1.1.0", restart_policy: "reload", restart_globs: ["*.conf"] });
    write("workspace/jobs/api/a.conf", "x");
    expect((await why())[0]).toContain("restarted instead of reloaded, because of a.conf");
  });

  it("that a command failed", async () => {
    job("api", { version: "2.0.0" }, "start stop restart reload:\n\t@false\n");
    expect(await ship()).toBe(1);
    expect((await why())[0]).toMatch(/will be restarted: its restart in run \d+ did not succeed; version/);
  });

  it("that the previous run ended while a command was running", async () => {
    const store = Store.open(join(root, "data/maand.db"));
    const [allocation] = store.catalog.read().allocations;
    const number = store.journal.beginRun("a-run", "deploy", "2026-01-01T00:00:00.000Z");
    store.journal.intend(number, [{ allocation: allocation?.id ?? "", kind: "restart" }], "2026-01-01T00:00:00.000Z");
    store.close();
    expect(await why()).toEqual([
      `${API} will be restarted: in doubt: the result of its restart in run ${number} is unknown`,
    ]);
  });

  it("that the allocation was unhealthy", async () => {
    const health_check = { checks: [{ type: "tcp", port: "http" }], wait: { attempts: 1, interval_seconds: 0.1 } };
    job("api", { version: "1.0.0", resources: { ports: { http: 47_002 } }, health_check });
    expect(await ship()).toBe(1);
    expect((await why())[0]).toContain("will be restarted: health check failed after its promotion");
  });

  it("that the allocation is disabled, and later that it was enabled again", async () => {
    write("workspace/disabled.json", '{ "workers": ["127.0.0.21"] }');
    expect(await why()).toEqual([`${API} will be stopped: disabled`]);
    expect(await ship()).toBe(0);
    expect(await why()).toEqual([`${API} will not change: disabled and stopped`]);
    write("workspace/jobs/api/a.conf", "x");
    expect(await why()).toEqual([
      `${API} will be recorded and remain stopped: disabled and stopped; 1 file changed: a.conf (added)`,
    ]);
    write("workspace/disabled.json", "{}");
    expect((await why())[0]).toMatch(`${API} will be started: re-enabled`);
  });

  it("that the worker or the job was removed, and what remains on the worker", async () => {
    write("workspace/workers.json", '[{ "host": "127.0.0.22" }]');
    expect(await why()).toEqual([
      `${API} will be stopped and removed: its worker was removed from workspace/workers.json`,
    ]);
    expect(await ship()).toBe(0);
    expect(await why()).toEqual([
      `${API} will not change: it was removed, stopped and cleaned up; maand gc deletes its data and records`,
    ]);
    rmSync(join(root, "workspace/jobs/api"), { recursive: true });
    expect(await why("api", "127.0.0.22")).toEqual([
      "api on 127.0.0.22 will be stopped and removed: its job was removed from the workspace",
    ]);
  });

  it("that a hook is pending", async () => {
    const store = Store.open(join(root, "data/maand.db"));
    store.pendingAfter.set("api");
    store.close();
    expect(await why()).toEqual([`${API} will not change: unchanged; its post_deploy has not run yet`]);
  });

  it("that the health check of the allocation is pending", async () => {
    const store = Store.open(join(root, "data/maand.db"));
    store.pendingHealth.set(store.catalog.read().allocations[0]?.id ?? "", "before anything else");
    store.close();
    expect(await why()).toEqual([
      `${API} will not change: unchanged; its health was not checked: the last run ended before the check`,
    ]);
  });

  it("the job that it waits for, or the job that blocks it", async () => {
    const demand = { version: "1.0.0", commands: { command_ask: { executed_on: ["cli"] } } };
    job("db", demand);
    write("workspace/jobs/db/_modules/command_ask.py", "");
    const ask = { executed_on: ["post_build"], demands: { job: "db", command: "command_ask" } };
    job("api", { version: "1.1.0", commands: { command_own: ask } });
    write("workspace/jobs/api/_modules/command_own.py", "");
    expect((await why())[0]).toContain("after db, which it depends on; blocked if db fails");
    write("workspace/jobs/db/a.conf.tpl", '{{ get "maand/job/db" "nothing_there" }}');
    expect((await why())[0]).toMatch(/blocked by db, which cannot be planned: .*nothing_there/);
  });
});
