import type { RunReporter } from "../bucket/bucket.ts";
import { asMaandError, outcomeOf } from "../bucket/error-outcome.ts";
import { stopIfInterrupted, unlessInterrupted } from "../bucket/interruption.ts";
import type { Problem } from "../domain/checks/problem.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import { MaandError } from "../errors.ts";
import type { PreflightContext } from "../plugin-api/contexts.ts";
import { setFence } from "../remote/fence/worker-fence.ts";
import type { Remote } from "../remote/remote.ts";
import type { FenceGuard } from "./fence/fence-guard.ts";
import { hasCode } from "./ledger.ts";
import { locatedRoot } from "./located-root.ts";
import { noHandler } from "./no-handler.ts";

/** The options for connections. */
export interface ConnectionOptions {
  /** The tools found on a worker earlier, which are not checked again. */
  readonly known?: (host: string) => string | undefined;
  /** Decides which workers the command may change; absent for a command that only reads. */
  readonly guard?: FenceGuard | undefined;
}

/**
 * The connected workers of a run. Each worker is connected once, when it is first needed, and checked once
 * (`preflight`). A worker that fails is not tried again, and every later call gets the same error.
 */
export class Connections {
  readonly #frame: RunReporter;
  readonly #known: (host: string) => string | undefined;
  readonly #guard: FenceGuard | undefined;
  readonly #tools = new Map<string, string>();
  readonly #open = new Map<string, Promise<Remote>>();
  readonly #ready = new Map<string, Promise<Remote>>();
  /** Connections that hooks retried. */
  readonly #again = new Map<string, Promise<Remote>>();
  /** Open connections by host: one, or several if hooks retried. */
  readonly #remotes = new Map<string, Remote[]>();
  /** Why the last attempt to connect to a worker failed. */
  readonly #failures = new Map<string, unknown>();
  /** Why workers must not be used again. */
  readonly #givenUp = new Map<string, unknown>();

  constructor(reporter: RunReporter, { known = () => undefined, guard }: ConnectionOptions = {}) {
    this.#frame = reporter;
    this.#known = known;
    this.#guard = guard;
  }

  /**
   * The connection to a worker, without a check for tools. A caller that waits for the worker sets `reportFailure` to
   * false, so that failed attempts are not reported.
   */
  connect(worker: Worker, { reportFailure = true }: { readonly reportFailure?: boolean } = {}): Promise<Remote> {
    return once(this.#open, worker.host, () => this.#connect(worker, reportFailure));
  }

  /**
   * The connection to a worker that has all required tools. Throws WORKER_LACKS for missing tools, and for a problem
   * that a `preflight` tap reports.
   */
  ready(worker: Worker): Promise<Remote> {
    return once(this.#ready, worker.host, async () => {
      const remote = await this.connect(worker);
      try {
        await this.#lookOver(worker, remote);
      } catch (cause) {
        this.#emitFailure(worker, cause);
        throw cause;
      }
      return remote;
    });
  }

  /**
   * The connection to a worker for a hook, which may wait for it: each call retries a failed connection. For all other
   * callers, a failed worker remains failed.
   */
  connectOnce(worker: Worker): Promise<Remote> {
    if (!this.#open.has(worker.host)) return this.connect(worker);
    return this.connect(worker).catch(() => this.#retry(worker));
  }

  /** Like `connectOnce`, and also checks that the worker has all required tools. */
  connectReady(worker: Worker): Promise<Remote> {
    if (!this.#ready.has(worker.host) && !this.#open.has(worker.host)) return this.ready(worker);
    return this.ready(worker).catch(async () => {
      const remote = await this.connectOnce(worker);
      await this.#lookOver(worker, remote);
      return remote;
    });
  }

  /** Allows a retry for a worker that failed or lost its connection; only for callers that wait for it. */
  forget(host: string): void {
    this.#open.delete(host);
    this.#ready.delete(host);
    this.#again.delete(host);
    const remotes = this.#remotes.get(host) ?? [];
    this.#remotes.delete(host);
    for (const remote of remotes) remote.close().catch(() => undefined);
  }

  /** Stops using a worker in this run, because something that could not be stopped might still be changing it. */
  giveUp(host: string, cause: unknown): void {
    this.#givenUp.set(host, cause);
    this.forget(host);
  }

  /** The tools of a ready worker, as one string. */
  toolsOf(host: string): string | undefined {
    return this.#tools.get(host);
  }

  /** Whether a worker was reached in this run and is still in use. */
  reached(host: string): boolean {
    return this.#remotes.has(host);
  }

  /** Workers whose last attempt to connect failed, with the error. */
  failures(): ReadonlyMap<string, unknown> {
    return this.#failures;
  }

  /** Closes all connections, and ignores the errors of closing them. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#remotes.values()].flat().map((remote) => remote.close()));
  }

  /** Concurrent callers share one attempt; a failed attempt is discarded. */
  #retry(worker: Worker): Promise<Remote> {
    return once(this.#again, worker.host, async () => {
      try {
        return await this.#connect(worker, false);
      } catch (cause) {
        this.#again.delete(worker.host);
        throw cause;
      }
    });
  }

  async #connect(worker: Worker, reportFailure: boolean): Promise<Remote> {
    const { hooks, now, signal } = this.#frame.bucket;
    const began = now().getTime();
    try {
      stopIfInterrupted(signal);
      if (this.#givenUp.has(worker.host)) throw this.#givenUp.get(worker.host);
      const known = { ...this.#frame.context({ worker: worker.host }), worker };
      const root = locatedRoot(hooks, Object.freeze(known));
      const connecting = hooks.connect.promise(Object.freeze({ ...known, root }));
      const remote = await unlessInterrupted(connecting, signal).catch((cause: unknown) => {
        connecting.then((late) => late?.close()).catch(() => {});
        throw cause;
      });
      if (!remote) {
        const transport = worker.transport ?? this.#frame.bucket.settings.transport;
        throw noHandler(this.#frame.bucket.absent, { hook: "connect", transport, host: worker.host });
      }
      this.#remotes.set(worker.host, [...(this.#remotes.get(worker.host) ?? []), remote]);
      setFence(remote, this.#guard?.of(worker.host));
      this.#failures.delete(worker.host);
      this.#frame.emit("worker.connected", {
        worker: worker.host,
        transport: remote.transport,
        duration_ms: now().getTime() - began,
      });
      return remote;
    } catch (cause) {
      this.#failures.set(worker.host, cause);
      if (reportFailure) this.#emitFailure(worker, cause);
      throw cause;
    }
  }

  async #lookOver(worker: Worker, remote: Remote): Promise<void> {
    const tools = new Set<string>();
    const problems: Problem[] = [];
    const context: PreflightContext = Object.freeze({
      ...this.#frame.context({ worker: worker.host }),
      worker,
      remote,
      needs: (tool: string) => void tools.add(tool),
      report: (problem: Problem) => void problems.push(problem),
    });
    await this.#frame.bucket.hooks.preflight.promise(context);
    const wanted = [...tools].sort();
    const text = [...(remote.sudo ? ["sudo"] : []), ...wanted].join(" ");
    const missing = this.#known(worker.host) === text ? [] : await missingTools(remote, wanted);
    const first = problems.find((problem) => problem.level === "error");
    if (missing.length > 0)
      throw lacks(
        worker.host,
        `lacks ${missing.join(", ")}`,
        `install ${missing.length === 1 ? "it" : "them"} on ${worker.host}`,
      );
    if (first) throw lacks(worker.host, first.message, first.hint);
    this.#tools.set(worker.host, text);
  }

  /** An interruption does not count as a failure of the worker. */
  #emitFailure(worker: Worker, cause: unknown): void {
    if (hasCode(cause, "INTERRUPTED")) return;
    const { message, hint } = asMaandError(cause);
    this.#frame.emit("worker.failed", { worker: worker.host, outcome: outcomeOf(cause), message, hint: hint ?? null });
  }
}

/**
 * Returns the missing tools. One command checks all of them. Their names are arguments of the script, never part of its
 * text.
 */
export async function missingTools(remote: Remote, tools: readonly string[]): Promise<string[]> {
  if (tools.length === 0) return [];
  const script = 'for tool; do command -v "$tool" >/dev/null 2>&1 || printf "%s\\n" "$tool"; done';
  const { stdout } = await remote.exec(["sh", "-c", script, "sh", ...tools], {
    title: "the check for tools",
    asRoot: true,
  });
  return stdout.split("\n").filter((line) => line !== "");
}

function lacks(host: string, what: string, hint: string | undefined): MaandError {
  return new MaandError({
    code: "WORKER_LACKS",
    message: `${host} ${what}`,
    worker: host,
    ...(hint === undefined ? {} : { hint }),
  });
}

function once<T>(started: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const before = started.get(key);
  if (before) return before;
  const made = make();
  started.set(key, made);
  return made;
}
