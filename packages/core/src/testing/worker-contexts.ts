import type { Problem } from "../domain/checks/problem.ts";
import type { ConnectContext, LocateContext } from "../plugin-api/base-contexts.ts";
import type { InspectContext } from "../plugin-api/contexts/inspect-context.ts";
import type { InventoryContext } from "../plugin-api/contexts/inventory-context.ts";
import type { WorkerCommandContext } from "../plugin-api/contexts/worker-command-context.ts";
import type { PreflightContext, StageContext } from "../plugin-api/contexts.ts";
import { fakeRemote } from "./fake-remote.ts";
import { type Recording, runContext } from "./run-context.ts";
import { aWorker } from "./samples.ts";

/**
 * `connect`, `locate`, `login` and `identify`: worker `10.0.0.1`, with the default `root`, as without a `locate` tap.
 */
export function connectContext(over: Partial<ConnectContext> = {}): ConnectContext & Recording {
  const base = workerBase(over);
  return { root: `${base.settings.workerRoot}/${base.bucket.id}`, ...base, ...over };
}

function workerBase(over: Partial<LocateContext>): LocateContext & Recording {
  return { worker: aWorker(), ...runContext(over), ...over };
}

/** `preflight`: `tools` records the required tools, and `problems` the reported problems. */
export function preflightContext(
  over: Partial<PreflightContext> = {},
): PreflightContext & Recording & { readonly tools: readonly string[]; readonly problems: readonly Problem[] } {
  const tools: string[] = [];
  const problems: Problem[] = [];
  const base = workerBase(over);
  return {
    ...base,
    remote: fakeRemote({ host: base.worker.host }),
    needs: (tool) => {
      tools.push(tool);
    },
    report: (problem) => {
      problems.push(problem);
    },
    ...over,
    tools,
    problems,
  };
}

/** `inventory`: no jobs; `data`, `logs` and `bin` are not listed. */
export function inventoryContext(over: Partial<InventoryContext> = {}): InventoryContext & Recording {
  const base = workerBase(over);
  return {
    ...base,
    remote: fakeRemote({ host: base.worker.host }),
    metadata: ["worker.json"],
    jobs: new Map(),
    keep: ["data", "logs", "bin"],
    contentLimit: 65_536,
    timeoutMs: 60_000,
    ...over,
  };
}

/** `inspect`: no jobs and no metadata; `data`, `logs` and `bin` are not listed, and no content is returned. */
export function inspectContext(over: Partial<InspectContext> = {}): InspectContext & Recording {
  const base = workerBase(over);
  return {
    ...base,
    remote: fakeRemote({ host: base.worker.host }),
    metadata: new Map(),
    jobs: new Map(),
    keep: ["data", "logs", "bin"],
    users: [],
    groups: [],
    contentLimit: 0,
    timeoutMs: 60_000,
    ...over,
  };
}

/** `stage`: no jobs; pass `trees` with their `content`, or `sources` and `jobs`. `data`, `logs` and `bin` are kept. */
export function stageContext(over: Partial<StageContext> = {}): StageContext & Recording {
  const base = workerBase(over);
  return {
    ...base,
    remote: fakeRemote({ host: base.worker.host }),
    trees: [],
    metadata: new Map(),
    read: ({ path, content }) => {
      if (content) return content;
      throw new TypeError(`${path} was given no content`);
    },
    sources: [],
    jobs: over.trees?.map(({ job }) => job) ?? [],
    keep: ["data", "logs", "bin"],
    protect: new Map(),
    deleted: () => {},
    timeoutMs: 60_000,
    ...over,
  };
}

/** `runOnWorker`: a maintenance command on `10.0.0.1`. */
export function workerCommandContext(over: Partial<WorkerCommandContext> = {}): WorkerCommandContext & Recording {
  const base = workerBase(over);
  const step = over.step ?? { id: "maintenance.0.command.1", resumes: null, replaces: [], onSettled: () => {} };
  const argv = ["apt-get", "-y", "upgrade"];
  const onLine: WorkerCommandContext["command"]["onLine"] = (line, stream) => base.log(line, { stream });
  const command = { id: `${step.id}+1`, argv, title: argv.join(" "), env: {}, timeoutMs: 3_600_000, onLine };
  return { ...base, remote: fakeRemote({ host: base.worker.host }), command, ...over, step };
}
