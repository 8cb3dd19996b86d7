import { MaandError } from "../../../packages/core/src/errors.ts";
import { FENCED_EXIT } from "../../../packages/core/src/remote/fence/fenced-command.ts";
import { mustSucceed, Output } from "../../../packages/core/src/remote/output.ts";
import { titleOf } from "../../../packages/core/src/remote/quote.ts";
import type { Argv, ExecOptions, ExecResult, Remote } from "../../../packages/core/src/remote/remote.ts";
import { reveal } from "../../../packages/core/src/remote/secret.ts";
import { BOOT_ID_FILE } from "../../../packages/plugin-maintenance/src/domain/boot-id.ts";
import type { World } from "../world/world.ts";
import type { Connection } from "./connection.ts";
import { startRunner } from "./runner.ts";
import { lineOf, type Steps, type Worker } from "./worker.ts";

/** The result of a command on a worker. */
interface Answer {
  readonly code: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** The content of a sync. The command `sim-sync` refers to it by a name. */
export interface SyncContent {
  /** Versions of the files by job. */
  readonly jobs: ReadonlyMap<string, string>;
  readonly workerJson: string;
}

/** The two ends of a remote. */
export interface RemoteEnds {
  readonly world: World;
  readonly worker: Worker;
  readonly connection: Connection;
  readonly root: string;
  readonly syncs: ReadonlyMap<string, SyncContent>;
}

/** Returns a connection to a simulated worker for the engine and its plugins. */
export function simulatedRemote(ends: RemoteEnds): Remote {
  const { worker, connection, root } = ends;
  const probe = (argv: Argv, options: ExecOptions = {}) => exchange(ends, argv.map(reveal), options);
  return {
    ...{ host: worker.host, root, transport: "simulated", sudo: false },
    exec: async (argv, options) => mustSucceed(worker.host, titleOf(argv, options), await probe(argv, options)),
    probe,
    async stream(argv) {
      if (connection.isLost) throw lost(worker.host, "UNREACHABLE");
      const words = argv.map(reveal);
      return startRunner(worker, connection, words[words.indexOf("--serve") - 2] ?? "");
    },
    close: async () => connection.lose(),
  };
}

/** Runs a command on the worker, and waits for its answer. */
function exchange(ends: RemoteEnds, argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const { worker, connection } = ends;
  const { signal, timeoutMs } = options;
  if (connection.isLost) return Promise.reject(lost(worker.host, "UNREACHABLE"));
  return new Promise((resolve, reject) => {
    const undo: (() => void)[] = [];
    const end = (settle: () => void) => {
      for (const step of undo.splice(0)) step();
      settle();
    };
    const fail = (code: "DISCONNECTED" | "INTERRUPTED" | "TIMED_OUT") => end(() => reject(lost(worker.host, code)));
    const stop = () => fail("INTERRUPTED");
    signal?.addEventListener("abort", stop, { once: true });
    undo.push(() => signal?.removeEventListener("abort", stop));
    undo.push(connection.onProcessNotices(() => fail("DISCONNECTED")));
    const timer = setTimeout(() => fail("TIMED_OUT"), timeoutMs ?? 60_000);
    undo.push(() => clearTimeout(timer));
    connection.toWorker(() =>
      worker.run(perform(ends, argv), ({ code, stdout = "", stderr = "" }) =>
        connection.toProcess(() => {
          const output = new Output(options.onLine);
          output.push("stdout", Buffer.from(stdout));
          output.push("stderr", Buffer.from(stderr));
          end(() => resolve(output.end(code, 0)));
        }),
      ),
    );
  });
}

function lost(host: string, code: "UNREACHABLE" | "DISCONNECTED" | "INTERRUPTED" | "TIMED_OUT"): MaandError {
  return new MaandError({ code, worker: host, message: `${host}: the simulated connection ended (${code})` });
}

/**
 * Simulates the programs of a worker. A fenced program behaves like the shell program of `fencedCommand`, and holds the
 * stage lock.
 */
function* perform(ends: RemoteEnds, argv: readonly string[]): Steps<Answer> {
  const { worker } = ends;
  if (argv[0] !== "sh" || !argv[2]?.includes("maand-fence:")) return yield* plain(ends, argv);
  const [line = "", expected = "", text = "", makesRoot = ""] = argv.slice(5, 9);
  const command = argv.slice(9);
  if (!worker.exists && makesRoot === "") return yield* plain(ends, command);
  worker.exists = true;
  while (worker.isStaging) yield 100;
  worker.isStaging = true;
  try {
    const found = lineOf(worker.fence);
    if (found !== line) {
      if (found !== "" && found !== expected && worker.flaw !== "fence-unchecked")
        return { code: FENCED_EXIT, stderr: `maand-fence:\n${worker.fence}` };
      worker.writeFence(text);
    }
    return yield* plain(ends, command);
  } finally {
    worker.isStaging = false;
  }
}

function* plain({ worker, syncs, world }: RemoteEnds, argv: readonly string[]): Steps<Answer> {
  const [program, ...words] = argv;
  if (program === "sim-sync") {
    const content = syncs.get(words[0] ?? "");
    worker.observer.synced(worker.host, lineOf(worker.fence));
    yield world.random.between(5, 2000);
    for (const [job, version] of content?.jobs ?? []) worker.job(job).files = version;
    worker.workerJson = content?.workerJson ?? "";
    worker.exists = true;
    return { code: 0 };
  }
  if (program === "sim-health") {
    const { running } = worker.job(words[0] ?? "");
    return { code: running === undefined ? 1 : 0 };
  }
  if (program === "cat") return { code: 0, stdout: words.map((file) => contentOf(worker, file)).join("") };
  // the check whether a directory without worker.json exists
  if (program === "sh" && argv[2]?.startsWith("[ -e")) return { code: worker.exists ? 1 : 3 };
  return { code: 0 };
}

function contentOf(worker: Worker, file: string): string {
  if (file === BOOT_ID_FILE) return `00000000-0000-4000-8000-${String(worker.boot).padStart(12, "0")}\n`;
  if (file.endsWith("/fence")) return worker.fence;
  return file.endsWith("/worker.json") ? worker.workerJson : "";
}
