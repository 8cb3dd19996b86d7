import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { initBucket } from "../bucket/init.ts";
import { type OpenedBucket, openBucket } from "../bucket/open.ts";
import { type Built, build } from "../build/build.ts";
import { bucketPaths } from "../config/find-bucket.ts";
import { deploy } from "../deploy/deploy.ts";
import type { MaandEvent } from "../events.ts";
import { type DeployOptions, type Plan, type PlanOptions, planDeploy } from "../plan/plan-deploy.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import type { Summary } from "../run-result.ts";
import { Store } from "../store/store.ts";
import { type FakeFleet, fakeFleet } from "./fake-fleet.ts";

/** A bucket in a temporary directory with fake workers; the whole engine runs on it in milliseconds. */
export interface TestBucket {
  readonly root: string;
  readonly fleet: FakeFleet;
  /** Every event of every run so far. */
  readonly events: MaandEvent[];
  /** Writes `workers.json`: hosts, or whole entries. */
  workers(...entries: readonly (string | Readonly<Record<string, unknown>>)[]): void;
  /** Writes a job: its manifest, its files, and a Makefile unless `files` contains one. */
  job(name: string, manifest: Readonly<Record<string, unknown>>, files?: Readonly<Record<string, string>>): void;
  removeJob(name: string): void;
  /** Writes `disabled.json`. */
  disable(disabled: unknown): void;
  /** Writes any file of the workspace. */
  write(path: string, text: string): void;
  /** Opens the bucket as a command does; close it afterwards. */
  open(): Promise<OpenedBucket>;
  build(): Promise<Built>;
  deploy(options?: Partial<DeployOptions>): Promise<Summary>;
  plan(options?: Partial<PlanOptions>): Promise<Plan>;
  /** Builds, then deploys. */
  ship(options?: Partial<DeployOptions>): Promise<Summary>;
  dispose(): void;
}

/** Options of {@link aBucket}. */
export interface TestBucketOptions {
  /** Plugins that are applied before the fake fleet. */
  readonly plugins?: readonly Plugin[];
  readonly signal?: AbortSignal;
  /** The clock; default: the real one. */
  readonly now?: () => Date;
}

/** A new bucket without workers and jobs. Call `dispose` when done. */
export function aBucket(options: TestBucketOptions = {}): TestBucket {
  const root = mkdtempSync(join(tmpdir(), "maand-test-"));
  const fleet = fakeFleet();
  const events: MaandEvent[] = [];
  const recorder: Plugin = {
    name: "recorder",
    apply: (hooks) => hooks.event.tap("recorder", (event) => void events.push(event)),
  };
  copyEmptyStore(root);
  initBucket(root);
  writeFileSync(join(root, "maand.conf"), 'transport = "fake"\n');
  const write = (path: string, text: string) => {
    const file = join(root, "workspace", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const open = () =>
    openBucket({
      from: root,
      now: options.now ?? (() => new Date()),
      signal: options.signal ?? new AbortController().signal,
      pid: process.pid,
      defaults: () => [...(options.plugins ?? []), fleet.plugin],
      modules: { "@maand/core": () => import("../index.ts"), valibot: () => import("valibot") },
      readers: [recorder],
    });
  const opened = async <T>(work: (bucket: OpenedBucket) => Promise<T>): Promise<T> => {
    const bucket = await open();
    return work(bucket).finally(() => bucket.close());
  };
  const requested = (options: Partial<DeployOptions> = {}): DeployOptions => ({
    jobs: [],
    force: false,
    syncOnly: false,
    ...options,
  });
  const bucket: TestBucket = {
    root,
    fleet,
    events,
    write,
    open,
    workers: (...entries) =>
      write(
        "workers.json",
        JSON.stringify(entries.map((entry) => (typeof entry === "string" ? { host: entry } : entry))),
      ),
    job(name, manifest, files = {}) {
      write(`jobs/${name}/manifest.json`, JSON.stringify(manifest));
      for (const [path, text] of Object.entries({ Makefile: "start stop restart reload:\n", ...files }))
        write(`jobs/${name}/${path}`, text);
    },
    removeJob: (name) => rmSync(join(root, "workspace", "jobs", name), { recursive: true }),
    disable: (disabled) => write("disabled.json", JSON.stringify(disabled)),
    build: () => opened((bucket) => build(bucket)),
    deploy: (options) => opened((bucket) => deploy(bucket, requested(options))),
    plan: (options) => opened((bucket) => planDeploy(bucket, { ...requested(), ...options })),
    async ship(options) {
      await bucket.build();
      return bucket.deploy(options);
    },
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
  return bucket;
}

let emptyStore: Buffer | undefined;

/**
 * Gives a new directory a store with all tables and no rows. The store is created once per process and then copied,
 * because most of the time of `initBucket` is spent creating the tables.
 */
function copyEmptyStore(root: string): void {
  const { data, store } = bucketPaths(root);
  mkdirSync(data, { mode: 0o700 });
  emptyStore ??= madeStore();
  writeFileSync(store, emptyStore, { mode: 0o600 });
}

function madeStore(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "maand-store-"));
  try {
    const file = join(directory, "maand.db");
    Store.open(file, { create: true }).close();
    return readFileSync(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
