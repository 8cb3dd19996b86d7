import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { MaandError, RemoteStream, StageContext, TreeFile } from "@maand/core";
import { contentHash, createHooks } from "@maand/core/internal";
import { fakeRemote, stageContext } from "@maand/core/testing";
import { expect, onTestFinished } from "vitest";
import { make } from "../make.ts";
import { streamOf } from "../runner/runner.test.support.ts";

/** Finds the system's own Python, as on a worker. */
const WORKER_PATH = "/usr/local/bin:/usr/bin:/bin";

/** Files of a job, path to text, or text and mode. */
export type Files = Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>;

/** Options of a worker. */
export interface WorkerOptions {
  /** Directories in the worker's directory that are mounted from another directory of this machine: target and source. */
  readonly mounts?: readonly (readonly [string, string])[];
}

const UNSHARE = ["unshare", ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]), "--mount"];

/** Whether a test can mount a file system for its own processes. */
export const MAY_MOUNT = spawnSync(UNSHARE[0] ?? "", [...UNSHARE.slice(1), "true"]).status === 0;

/** The arguments that precede a command that must see the mounts. */
function mounting(root: string, mounts: WorkerOptions["mounts"] = []): string[] {
  if (mounts.length === 0) return [];
  const script = 'while [ "$1" != -- ]; do mount --bind "$2" "$1" || exit 1; shift 2; done; shift; exec "$@"';
  const words = mounts.flatMap(([where, from]) => [join(root, where), join(root, from)]);
  return [...UNSHARE, "sh", "-c", script, "sh", ...words, "--"];
}

/** A directory like a worker's, with the plugin's own hooks and a real runner in Python. */
export function aWorker({ mounts = [] }: WorkerOptions = {}) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "maand-stage-")));
  const runners: ChildProcess[] = [];
  const streams: RemoteStream[] = [];
  const sent: string[] = [];
  const deleted: string[] = [];
  let keep: readonly string[] = [];
  const hooks = createHooks();
  void make().apply(hooks);
  const remote = {
    ...fakeRemote({ root }),
    async stream(argv: readonly unknown[]) {
      const [program = "", ...args] = [...mounting(root, mounts), ...argv.map(String)];
      const runner = spawn(program, args, { env: { PATH: WORKER_PATH } });
      const stream = streamOf(runner);
      runners.push(runner);
      streams.push(stream);
      return stream;
    },
  };
  const close = async () => {
    for (const stream of streams) stream.io.destroy();
    await Promise.all(streams.map(({ exit }) => exit));
    rmSync(root, { recursive: true, force: true });
  };
  onTestFinished(close);

  function context(
    jobs: Readonly<Record<string, Files>>,
    metadata: Readonly<Record<string, string>> = {},
    instead: (file: TreeFile) => string | undefined = () => undefined,
  ): StageContext {
    const trees = Object.entries(jobs).map(([job, files]) => ({ job, files: Object.entries(files).map(asFile) }));
    const read = (file: TreeFile) => {
      const content = Buffer.from(instead(file) ?? file.content ?? "");
      sent.push(content.toString());
      return content;
    };
    const note = (path: string) => void deleted.push(path);
    const files = new Map(Object.entries(metadata));
    return stageContext({ remote, trees, metadata: files, read, deleted: note, protect: new Map([["web", keep]]) });
  }

  return {
    root,
    context,
    close,
    stage: (given: StageContext) => hooks.stage.promise(given),
    stageJobs: (...of: Parameters<typeof context>) => hooks.stage.promise(context(...of)),
    keeps: (...patterns: readonly string[]) => {
      keep = patterns;
    },
    /** Stages files of the job web; returns the error. */
    refused: (files: Files) =>
      hooks.stage.promise(context({ web: files })).then(
        () => expect.fail("it was staged"),
        (error: MaandError) => error,
      ),
    kill: () => void runners.at(-1)?.kill("SIGKILL"),
    hangUp: () => void runners.at(-1)?.stdin?.end(),
    sent: () => sent,
    deleted: () => deleted,
    started: () => streams.length,
    mode: (path: string) => statSync(join(root, path)).mode & 0o777,
    write(path: string, text: string) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      chmodSync(join(root, path), 0o600);
    },
    /** Every file, path to text; links are not followed. */
    files: () =>
      Object.fromEntries(
        readdirSync(root, { recursive: true, encoding: "utf8" })
          .filter((path) => lstatSync(join(root, path)).isFile() && realpathSync(join(root, path)) === join(root, path))
          .sort()
          .map((path) => [path, readFileSync(join(root, path), "utf8")]),
      ),
  };
}

function asFile([path, given]: readonly [string, Files[string]]): TreeFile {
  const { text, mode } = typeof given === "string" ? { text: given, mode: 0o644 } : given;
  const content = Buffer.from(text);
  return { path, content, hash: contentHash(content), executable: mode !== 0o644, size: content.length };
}
