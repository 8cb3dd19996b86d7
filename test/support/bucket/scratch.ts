import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { newTestStore } from "../postgres/test-store.ts";
import { type Ended, type MaandOptions, maand, maandHere, type Running, startMaand } from "./maand.ts";
import { storeSetting, takeOwnStore } from "./own-store.ts";

/** A bucket in a temporary directory, for the real command. */
export interface Scratch {
  readonly root: string;
  /** Runs maand in the bucket to its end: in this process, unless the bucket has its own code or other options. */
  maand(...args: readonly string[]): Promise<Ended>;
  start(args: readonly string[], options?: Partial<MaandOptions>): Running;
  /** Runs maand with --json and returns its output. */
  json<T>(...args: readonly string[]): Promise<T>;
  /** Writes a file in the bucket's directory. */
  write(path: string, text: string, mode?: number): void;
  read(path: string): string;
  workers(...entries: readonly Readonly<Record<string, unknown>>[]): void;
  job(name: string, manifest: Readonly<Record<string, unknown>>, files?: Readonly<Record<string, string>>): void;
  removeJob(name: string): void;
  disable(disabled: unknown): void;
  /** Returns a copy of this bucket. */
  copy(): Scratch;
  dispose(): void;
}

/**
 * A Makefile in which every target appends a line to `data/lifecycle`, so that a test can read the order of the targets
 * that ran and their versions. A file `data/fail-<target>` makes that target fail.
 */
export const RECORDING_MAKEFILE = `start stop restart reload status migrate:
	@mkdir -p data
	@echo "$@ $(CURRENT_VERSION) $(NEW_VERSION)" >> data/lifecycle
	@test ! -e data/fail-$@ || { echo "$@ refuses" >&2; exit 1; }
	@echo "$@ of $(JOB) on $(WORKER_IP)"
`;

/** Creates a bucket. `conf` is appended to the maand.conf of init, and commands run with the options `more`. */
export async function scratch(conf = "", more: Omit<MaandOptions, "cwd"> = {}): Promise<Scratch> {
  const bucket = copyOf(await initialised(), more);
  bucket.write("maand.conf", conf);
  const store = newTestStore();
  if (store !== undefined) await moveTo(store, bucket);
  return bucket;
}

/** Moves the store of a bucket. A test that writes maand.conf later does not move it back. */
async function moveTo(store: string, bucket: Scratch): Promise<void> {
  const { code, stderr } = await maandHere(["store", "move", "--to", store], bucket.root);
  if (code !== 0) throw new Error(stderr);
}

function copyOf(origin: string, more: Omit<MaandOptions, "cwd">): Scratch {
  const root = mkdtempSync(join(tmpdir(), "maand-e2e-"));
  cpSync(origin, root, { recursive: true });
  const options = { cwd: root, ...more };
  const asUsual = Object.keys(more).length === 0;
  const hasCode = () => readdirSync(root).some((name) => name.startsWith("maand.config."));
  const toItsEnd = (args: readonly string[]) => (asUsual && !hasCode() ? maandHere(args, root) : maand(args, options));
  const bucket: Scratch = {
    root,
    maand: (...args) => toItsEnd(args),
    start: (args, over = {}) => startMaand(args, { ...options, ...over }),
    async json<T>(...args: readonly string[]): Promise<T> {
      const { stdout, stderr } = await toItsEnd([...args, "--json"]);
      try {
        return JSON.parse(stdout);
      } catch {
        throw new Error(`maand ${args.join(" ")} wrote no JSON:\n${stdout}\n${stderr}`);
      }
    },
    write(path, text, mode) {
      const setting = path === "maand.conf" && !/^store = /m.test(text) ? storeSetting(root) : "";
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), `${setting}${text}`);
      if (mode !== undefined) chmodSync(join(root, path), mode);
    },
    read: (path) => readFileSync(join(root, path), "utf8"),
    workers: (...entries) => bucket.write("workspace/workers.json", JSON.stringify(entries)),
    job(name, manifest, files = {}) {
      bucket.write(`workspace/jobs/${name}/manifest.json`, JSON.stringify(manifest));
      for (const [path, text] of Object.entries({ Makefile: RECORDING_MAKEFILE, ...files }))
        bucket.write(`workspace/jobs/${name}/${path}`, text);
    },
    removeJob: (name) => rmSync(join(root, "workspace/jobs", name), { recursive: true }),
    disable: (disabled) => bucket.write("workspace/disabled.json", JSON.stringify(disabled)),
    copy() {
      const copy = copyOf(root, more);
      takeOwnStore(copy.root);
      return copy;
    },
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
  return bucket;
}

/** The variable with the path of a bucket that init created for all test files (`test/support/built.ts`). */
export const INITIALISED = "MAAND_E2E_INITIALISED";

let made: Promise<string> | undefined;

/** A bucket that init created: the shared bucket, or a bucket that is created once for this process. */
async function initialised(): Promise<string> {
  const shared = process.env[INITIALISED];
  if (shared !== undefined) return shared;
  // a test with its own TMPDIR may have deleted the bucket with that directory
  if (made !== undefined && !existsSync(await made)) made = undefined;
  made ??= (async () => {
    const root = mkdtempSync(join(tmpdir(), "maand-e2e-init-"));
    process.on("exit", () => rmSync(root, { recursive: true, force: true }));
    const { code, stderr } = await maand(["init"], { cwd: root });
    if (code !== 0) throw new Error(stderr);
    return root;
  })();
  return made;
}

/** The directory of a job on a local worker of this bucket; undefined before the first delivery to the worker. */
export function localJob(bucket: Pick<Scratch, "root">, host: string, job: string): string | undefined {
  const worker = join(bucket.root, "data/local", host);
  const [root] = existsSync(worker) ? readdirSync(worker) : [];
  return root === undefined ? undefined : join(worker, root, "jobs", job);
}

/** The lines of a file; none if it is missing. */
export function linesOf(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
}
