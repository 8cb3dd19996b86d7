import { cpSync, rmSync } from "node:fs";
import { type OpenedBucket, openBucket } from "../../../packages/core/src/bucket/open.ts";
import { build } from "../../../packages/core/src/build/build.ts";
import { bucketPaths } from "../../../packages/core/src/config/find-bucket.ts";
import { deploy } from "../../../packages/core/src/deploy/deploy.ts";
import { isMaandError } from "../../../packages/core/src/errors.ts";
import { adoptBucket } from "../../../packages/core/src/jobs/adopt-bucket.ts";
import { controlJob } from "../../../packages/core/src/jobs/control-job.ts";
import { makeWorkingCopy } from "../../../packages/core/src/store/team/move.ts";
import {
  abortMaintenance,
  resumeMaintenance,
  startMaintenance,
} from "../../../packages/plugin-maintenance/src/maintain.ts";
import { make } from "../../../packages/plugin-make/src/index.ts";
import { DatabaseLink } from "../database/database-link.ts";
import type { Simulation } from "../simulation.ts";
import { simulatedTransport } from "../workers/plugin.ts";
import { SimulatedProcess } from "../world/process.ts";
import { BEGIN, MODULES, URL, writeJob } from "./template.ts";

/** A command that an operator runs. */
export type Command =
  | { readonly kind: "deploy"; readonly force?: boolean }
  | { readonly kind: "build" }
  | { readonly kind: "restart"; readonly job: string; readonly host: string | undefined }
  | { readonly kind: "maintain"; readonly host: string }
  | { readonly kind: "maintain resume" }
  | { readonly kind: "maintain abort" }
  | { readonly kind: "adopt" };

/** The result of a command: `ok`, `killed`, the outcome of a deploy, or the code of an error. */
export type CommandResult = string;

/** A machine with its own directory of the bucket. It runs one command at a time. */
export class Controller {
  readonly name: string;
  readonly root: string;
  readonly #simulation: Simulation;
  /** The offset of its clock, in milliseconds. */
  readonly #skewMs: number;
  #count = 0;
  /** The running command. */
  running: { readonly process: SimulatedProcess; readonly interrupt: AbortController } | undefined;

  constructor(simulation: Simulation, name: string, skewMs: number) {
    this.#simulation = simulation;
    this.name = name;
    this.#skewMs = skewMs;
    this.root = `${simulation.directory}/${name}`;
    cpSync(simulation.template.root, this.root, { recursive: true });
  }

  /**
   * Runs a command in a separate process. The promise resolves in the process of the operator, which is another process
   * of the simulation.
   */
  run(command: Command, operator: SimulatedProcess): Promise<CommandResult> {
    const { world } = this.#simulation;
    this.#count += 1;
    const process = new SimulatedProcess(`${this.name}${this.#count}`);
    const interrupt = new AbortController();
    this.running = { process, interrupt };
    world.note(`${process.name} runs ${Object.values(command).join(" ")}`);
    return new Promise((resolve) => {
      const end = (found: CommandResult) =>
        world.after(0, operator, () => {
          if (this.running?.process !== process) return;
          this.running = undefined;
          const result = process.isDead ? "killed" : found;
          world.note(`${process.name} ended: ${result}`);
          resolve(result);
        });
      process.onDeath(() => end("killed"));
      world.after(0, process, () => {
        this.#work(command, process, interrupt).then(end, (cause: unknown) => end(codeOf(cause)));
      });
    });
  }

  /** Replaces the copy of the store with a new one, as an operator does after the database lost changes. */
  cloneAgain(): void {
    const { store } = bucketPaths(this.root);
    for (const end of ["", "-wal", "-shm"]) rmSync(`${store}${end}`, { force: true });
    makeWorkingCopy(store, { url: URL }, this.#simulation.template.bucketId);
  }

  async #work(command: Command, process: SimulatedProcess, { signal }: AbortController): Promise<CommandResult> {
    const { world } = this.#simulation;
    if (command.kind === "build")
      for (const [job, version] of this.#simulation.workspace) writeJob(this.root, job, version);
    const bucket = await this.#open(process, signal);
    // the operating system closes the files of a killed process
    process.onDeath(() => void world.outside(0, () => bucket.store.close()));
    try {
      return await perform(bucket, command);
    } finally {
      await bucket.close();
    }
  }

  #open(process: SimulatedProcess, signal: AbortSignal): Promise<OpenedBucket> {
    const { world, fleet, database, faults } = this.#simulation;
    return openBucket({
      ...{ from: this.root, signal, pid: globalThis.process.pid, modules: MODULES },
      now: () => new Date(BEGIN + Math.floor(world.now) + this.#skewMs),
      defaults: () => [make(), simulatedTransport(fleet, process)],
      connectStore: (target, patience) => new DatabaseLink({ world, process, database, faults }, { target, patience }),
    });
  }
}

async function perform(bucket: OpenedBucket, command: Command): Promise<CommandResult> {
  if (command.kind === "build") {
    await build(bucket);
    return "ok";
  }
  if (command.kind === "adopt") {
    const found = await adoptBucket(bucket);
    return found.every(({ state }) => state !== "failed") ? "ok" : "failed";
  }
  if (command.kind === "deploy") {
    const options = { jobs: [], force: command.force ?? false, syncOnly: false };
    const { outcome, failures } = await deploy(bucket, options);
    const codes = Object.values(failures ?? {}).length;
    return outcome === "ok" ? "ok" : `${outcome} ${codes}`;
  }
  if (command.kind === "maintain") {
    const request = { command: "true", reboot: false, keepDrained: false, concurrency: 1, onFailure: "stop" as const };
    const options = { workers: [command.host], flag: "--workers", ignoreBudget: false };
    return (
      await startMaintenance(bucket, { ...options, request: { ...request, returnMs: 60_000, commandMs: 60_000 } })
    ).outcome;
  }
  if (command.kind === "maintain resume") return (await resumeMaintenance(bucket, { ignoreBudget: false })).outcome;
  if (command.kind === "maintain abort") return (await abortMaintenance(bucket)).isOver ? "ok" : "failed";
  const results = await controlJob(bucket, {
    ...{ jobs: [command.job], target: "restart", workers: command.host ? [command.host] : [], healthCheck: true },
  });
  return results.every(({ outcome }) => outcome === "ok") ? "ok" : "failed";
}

function codeOf(cause: unknown): string {
  if (isMaandError(cause)) return cause.code;
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
