import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Finding } from "@maand/core";
import { type Bucket, type BucketPaths, shellLine, unbuiltParts, unbuiltText } from "@maand/core/internal";
import {
  Connections,
  fault,
  faultOf,
  knownOf,
  lockHolder,
  recordedStateOf,
  runReporter,
  sound,
  workspaceProblems,
} from "@maand/core/operator";
import { deployments } from "@maand/core/readonly";
import pLimit from "p-limit";
import { examineCertificates } from "../certificates/examine.ts";
import { examineFiles } from "./files.ts";
import { examineInstallation } from "./installation.ts";
import { examineSecretFiles } from "./secret-files.ts";
import { examineStore } from "./store.ts";
import { examineWorker } from "./worker.ts";

/** The number of workers checked in parallel. */
const WORKERS_AT_ONCE = 32;

/** Checks a bucket from outside, without opening it. Changes nothing. */
export function examineBucket(paths: BucketPaths): Finding[] {
  const installation = examineInstallation();
  if (!installation.ok) return [...examineFiles(paths, false), installation];
  const { findings, holder } = examineStore(paths);
  return [installation, ...examineFiles(paths, holder !== undefined), ...findings];
}

/**
 * Checks an opened bucket: its workspace, its recorded state, the checks of plugins (`examine`), and every worker.
 * Changes only the recorded state of a worker that lost its files, so that a deploy restores them.
 */
export async function examine(bucket: Bucket): Promise<Finding[]> {
  const reporter = runReporter(bucket, "doctor");
  const connections = new Connections(reporter);
  const known = { ...knownOf(bucket.store.catalog.read(), bucket), ...recordedStateOf(bucket) };
  const { jobs, workers } = known.catalog;
  const limit = pLimit(WORKERS_AT_ONCE);
  const tools = new Set<string>();
  const reported: Finding[] = [];
  try {
    const context = Object.freeze({
      ...reporter.context({}),
      now: bucket.now,
      jobs,
      workers,
      needs: (tool: string) => void tools.add(tool),
      report: (finding: Finding) => void reported.push(finding),
    });
    await bucket.hooks.examine.promise(context);
    const looked = await Promise.all(
      workers.map((worker) => limit(() => examineWorker({ bucket, reporter, connections, ...known }, worker))),
    );
    const seen = new Set(reported.map(({ where }) => where));
    const written = (await workspace(bucket)).filter(({ where }) => !seen.has(where));
    return bucket.mask.conceal([
      ...written,
      ...state(bucket),
      ...examineSecretFiles(bucket),
      ...examineCertificates(bucket),
      ...hostTools(tools),
      ...reported,
      ...looked.flat(),
    ]);
  } finally {
    await connections.close();
  }
}

async function workspace(bucket: Bucket): Promise<Finding[]> {
  const problems = await workspaceProblems(bucket);
  const wrong = problems.filter(({ level }) => level === "error");
  if (wrong.length > 0) return wrong.map(({ where, message, hint }) => faultOf("workspace", where, message, hint));
  const { jobs, workers } = bucket.store.catalog.read();
  const message = `can be built${problems.length > 0 ? `, with ${counted(problems.length, "warning")}: see maand build` : ""}`;
  const unbuilt = unbuiltParts(bucket);
  return [
    sound("workspace", "workspace", message),
    ...(unbuilt.length > 0
      ? [fault("built", "workspace", unbuiltText(unbuilt), typed(bucket, "deploy", "--build"))]
      : []),
    jobs.length + workers.length > 0
      ? sound("catalog", "data/maand.db", `${counted(jobs.length, "job")} on ${counted(workers.length, "worker")}`)
      : fault("catalog", "data/maand.db", "nothing was built yet", typed(bucket, "build")),
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${count === 1 ? what : `${what}s`}`;
}

/**
 * What the next deploy must resolve: commands with an unknown outcome, and jobs that failed their last health check.
 */
function state(bucket: Bucket): Finding[] {
  const all = deployments(bucket.store);
  // the action of a running command is in doubt until the command ends
  const uncertain = lockHolder(bucket.store.holder) ? [] : all.filter(({ inDoubt }) => inDoubt);
  const unhealthy = all.filter(({ rollout }) => rollout === "health_failed");
  const deploy = typed(bucket, "deploy");
  const faults = [
    ...uncertain.map(({ job, host }) => [job, host, "a run was killed during a command", deploy] as const),
    ...unhealthy.map(({ job, host }) => {
      const look = `${typed(bucket, "job", "status", job)}; ${deploy}`;
      const why = "a deploy does not repair an unhealthy job: fix what its status and logs show, then deploy";
      return [job, host, "its health check failed after its promotion", `${look}  # ${why}`] as const;
    }),
  ];
  if (faults.length === 0) return [sound("state", "data/maand.db", "nothing is in doubt")];
  return faults.map(([job, host, message, hint]) => fault("state", `${job} on ${host}`, message, hint));
}

/** Programs on this machine that plugins require. */
function hostTools(tools: ReadonlySet<string>): Finding[] {
  const path = (process.env.PATH ?? "").split(delimiter);
  return [...tools].sort().map((tool) => {
    const found = path.map((directory) => join(directory, tool)).find(isProgram);
    return found === undefined
      ? fault(
          "host_tools",
          "this machine",
          `${tool} is not installed`,
          `apt-get install -y ${tool}  # or with this machine's package manager`,
        )
      : sound("host_tools", "this machine", `${tool} is ${found}`);
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile(); // skip directories, whose search permission looks like execute permission
  } catch {
    return false;
  }
}

function typed({ paths }: Bucket, ...words: readonly string[]): string {
  return shellLine(["maand", "-C", paths.root, ...words]);
}
