import { MaandError } from "../errors.ts";
import type { ActionContext } from "../plugin-api/contexts.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { fakeRemote } from "./fake-remote.ts";
import { fakeMachines } from "./machines/fake-machines.ts";

/** One job on one fake worker. */
export interface FakeAllocation {
  /** The files in its directory: path to text. */
  files: Record<string, string>;
  /** The running version, if any. */
  running?: string;
}

/** Fake workers, in memory. */
export interface FakeFleet {
  readonly plugin: Plugin;
  /** All operations on the workers that did not fail, in order: `stage 10.0.0.1`, `start api@10.0.0.1`, ... */
  readonly done: string[];
  /** The connected hosts, in order, once per connection. */
  readonly connected: string[];
  /** The state of a job on a worker. */
  at(job: string, host: string): FakeAllocation | undefined;
  /** The running versions, by `job@host`. */
  running(): Record<string, string>;
  /** The boot id of a worker. A command with `shutdown` changes the id, and ends everything that runs on the worker. */
  bootId(host: string): string;
  /**
   * The record of the command that last changed a worker, as in the file `fence` of a worker; empty if there is none.
   */
  fenceOn(host: string): string;
  /**
   * Makes an operation fail from now on: `restart api@10.0.0.2`, `stage 10.0.0.1`, `verify api`, `connect 10.0.0.3`.
   */
  fail(what: string, error?: MaandError): void;
  /** Makes all operations succeed again. */
  repair(): void;
  /** Called before each operation on a worker and each health check; may throw or wait. */
  onDo: (what: string) => void | Promise<void>;
  /**
   * Called after each operation that did not fail, except lifecycle targets, and after each passed health check. May
   * throw, as if the result had been lost.
   */
  onDone: (what: string) => void | Promise<void>;
}

/** A fleet of fake workers with transport `fake`, and the plugin that connects to them. */
export function fakeFleet(): FakeFleet {
  const workers = new Map<string, Map<string, FakeAllocation>>();
  const failures = new Map<string, MaandError>();
  const machines = fakeMachines();
  const fleet: FakeFleet = {
    done: [],
    connected: [],
    onDo: () => undefined,
    onDone: () => undefined,
    bootId: machines.bootId,
    fenceOn: machines.record,
    at: (job, host) => workers.get(host)?.get(job),
    running: () =>
      Object.fromEntries(
        [...workers].flatMap(([host, jobs]) =>
          [...jobs].flatMap(([job, { running }]) => (running === undefined ? [] : [[`${job}@${host}`, running]])),
        ),
      ),
    fail: (what, error) =>
      void failures.set(
        what,
        error ??
          new MaandError({ code: "COMMAND_FAILED", message: `${what} failed`, exit: 2, output: [`${what}: no`] }),
      ),
    repair: () => failures.clear(),
    plugin: { name: "fake-fleet", apply: (hooks) => tap(hooks) },
  };
  return fleet;

  async function does(what: string): Promise<void> {
    await fleet.onDo(what);
    const failure = failures.get(what);
    if (failure) throw failure;
    fleet.done.push(what);
  }

  function allocation(job: string, host: string): FakeAllocation {
    const jobs = workers.get(host) ?? new Map<string, FakeAllocation>();
    workers.set(host, jobs);
    const found = jobs.get(job) ?? { files: {} };
    jobs.set(job, found);
    return found;
  }

  function tap(hooks: Parameters<Plugin["apply"]>[0]): void {
    hooks.connect.tapPromise("fake-fleet", async ({ worker, root }) => {
      const failure = failures.get(`connect ${worker.host}`);
      if (failure) throw failure;
      fleet.connected.push(worker.host);
      const { host } = worker;
      return fakeRemote({ host, transport: "fake", root, answers: ({ line }) => machines.answer(host, line) });
    });
    hooks.runOnWorker.tapPromise("fake-fleet", async ({ worker: { host }, step, command }) => {
      const what = `${command.title} ${host}`;
      const code = await machines.once(step, async () => {
        await does(what);
        if (!command.argv.join(" ").includes("shutdown")) return;
        machines.reboot(host);
        for (const found of workers.get(host)?.values() ?? []) delete found.running;
      });
      await fleet.onDone(what);
      return { code, stdout: "", stderr: "", durationMs: 0 };
    });
    hooks.stage.tapPromise("fake-fleet", async (context) => {
      const what = `stage ${context.worker.host}`;
      machines.fence(context.remote);
      await does(what);
      for (const { job, files } of context.trees)
        allocation(job, context.worker.host).files = Object.fromEntries(
          files.map((file) => [file.path, Buffer.from(context.read(file)).toString()]),
        );
      machines.deliver(context.worker.host, context.metadata);
      await fleet.onDone(what);
      return "done";
    });
    const act = async ({ action, job, worker, remote, newVersion }: ActionContext) => {
      const what = `${action.kind} ${job.name}@${worker.host}`;
      machines.fence(remote);
      await does(what);
      const found = allocation(job.name, worker.host);
      if (action.kind === "stop") delete found.running;
      else if (action.kind === "remove") workers.get(worker.host)?.delete(job.name);
      else found.running = newVersion;
      await fleet.onDone(what);
      return "done" as const;
    };
    hooks.rollout.tapPromise("fake-fleet", act);
    hooks.reconcile.tapPromise("fake-fleet", act);
    hooks.target.tapPromise("fake-fleet", async ({ target, job, worker, remote }) => {
      machines.fence(remote);
      await does(`${target} ${job.name}@${worker.host}`);
      return "done";
    });
    hooks.verify.tapPromise("fake-fleet", async ({ job, active, report }) => {
      await fleet.onDo(`verify ${job.name}`);
      const failure = failures.get(`verify ${job.name}`);
      for (const { host } of active)
        report({
          host,
          type: "fake",
          target: job.name,
          ok: !failure && !failures.has(`verify ${job.name}@${host}`),
          message: "probed",
        });
      const sick = active.find(({ host }) => failures.has(`verify ${job.name}@${host}`));
      if (failure) throw failure;
      if (sick) throw new MaandError({ code: "UNHEALTHY", message: `${job.name} is sick on ${sick.host}` });
      await fleet.onDone(`verify ${job.name}`);
    });
  }
}
