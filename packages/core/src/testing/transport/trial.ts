import assert from "node:assert/strict";
import { applyPlugins } from "../../bucket/apply-plugins.ts";
import { type ErrorCode, isMaandError, type MaandError } from "../../errors.ts";
import type { ConnectContext } from "../../plugin-api/base-contexts.ts";
import type { Hooks } from "../../plugin-api/hooks.ts";
import type { Argv, Remote } from "../../remote/remote.ts";
import { locatedRoot } from "../../run/located-root.ts";
import type { OpenedTransport } from "./under-test.ts";

/** A context as in a run: `root` is the value that `locate` returned. */
export function located(hooks: Hooks, context: ConnectContext): ConnectContext {
  return { ...context, root: locatedRoot(hooks, context) };
}

/** What a check works with: a worker, a directory on it, and methods to inspect it. */
export class Trial {
  readonly opened: OpenedTransport;
  readonly hooks: Hooks;
  /** A directory on the worker that any account may write to. */
  readonly directory: string;
  readonly #remotes: Remote[] = [];
  #names = 0;

  private constructor(opened: OpenedTransport, hooks: Hooks, remote: Remote, directory: string) {
    this.opened = opened;
    this.hooks = hooks;
    this.directory = directory;
    this.#remotes.push(remote);
  }

  /** Connects, and creates the directory. */
  static async begin(opened: OpenedTransport): Promise<Trial> {
    const hooks = await applyPlugins([opened.plugins].flat());
    const remote = await hooks.connect.promise(located(hooks, opened.context));
    assert(remote, "no plugin handles `connect` for this worker");
    const { stdout } = await remote.exec(sh('at=$(mktemp -d) && chmod 777 "$at" && echo "$at"'));
    return new Trial(opened, hooks, remote, stdout.trim());
  }

  /** The connection that most checks share. A check must not break it. */
  get remote(): Remote {
    const [remote] = this.#remotes;
    assert(remote);
    return remote;
  }

  /** Another connection to the same worker. */
  async connect(over: Partial<ConnectContext> = {}): Promise<Remote> {
    const remote = await this.hooks.connect.promise(located(this.hooks, { ...this.opened.context, ...over }));
    assert(remote, "no plugin handles `connect` for this worker");
    this.#remotes.push(remote);
    return remote;
  }

  /** Cuts every connection to the worker, and replaces the shared connection with a new one. */
  async cut(): Promise<void> {
    await this.opened.cut?.();
    await until("the worker to accept connections again", async () => {
      const context = located(this.hooks, this.opened.context);
      const remote = await this.hooks.connect.promise(context).catch(() => undefined);
      if (remote) this.#remotes.unshift(remote);
      return remote !== undefined;
    });
  }

  /** An unused path on the worker. */
  path(name = "file"): string {
    this.#names += 1;
    return `${this.directory}/${this.#names}-${name}`;
  }

  async exists(path: string): Promise<boolean> {
    const { code } = await this.remote.probe(["test", "-e", path], { asRoot: true });
    return code === 0;
  }

  async read(path: string): Promise<string> {
    return (await this.remote.exec(["cat", path], { asRoot: true })).stdout;
  }

  /** Waits for a file that a command of a check writes when it runs. */
  async appears(path: string): Promise<void> {
    await until(`${path} to be written`, () => this.exists(path));
  }

  /** Waits until the process whose id is in a file has ended on the worker. */
  async gone(path: string): Promise<void> {
    const pid = (await this.read(path)).trim();
    await until(`process ${pid} to end on the worker`, async () => {
      const { code } = await this.remote.probe(sh(IS_ALIVE, pid), { asRoot: true });
      return code !== 0;
    });
  }

  /** Deletes the directory and closes every connection. */
  async end(): Promise<void> {
    await this.remote.probe(["rm", "-rf", "--", this.directory], { asRoot: true });
    await Promise.all(this.#remotes.map((remote) => remote.close()));
  }
}

/** A process that has ended but is not reaped yet is a zombie. */
const IS_ALIVE = `state=$(cat "/proc/$1/stat" 2>/dev/null) || exit 1
case "\${state##*) }" in Z*) exit 1 ;; esac`;

/** A command that runs a script with `sh`; the script receives the words as `$1`, `$2`, ... */
export function sh(script: string, ...words: readonly string[]): Argv {
  return ["sh", "-c", script, "sh", ...words];
}

/** Returns the error of a promise that must reject with this code and name the worker. */
export async function refused(promise: Promise<unknown>, code: ErrorCode, host: string): Promise<MaandError> {
  const error = await promise.then(
    (value) => assert.fail(`it returned ${JSON.stringify(value)} but should throw ${code}`),
    (thrown: unknown) => thrown,
  );
  assert(isMaandError(error), `it threw ${error} but should throw a MaandError with the code ${code}`);
  assert.equal(error.code, code, `it threw ${error.code}: ${error.message}`);
  assert.equal(error.worker, host, "the error does not name its worker");
  return error;
}

const PATIENCE_MS = 15_000;
const PAUSE_MS = 20;

/** Waits until a condition is true. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    assert(performance.now() < end, `timed out after ${PATIENCE_MS / 1000} s waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
