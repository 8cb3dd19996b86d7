import { error, type Report } from "../checks/problem.ts";
import { isRecord, readWritten, salvage } from "../checks/validate.ts";
import type { BatchSize, Job, JobCommand, Reservation } from "../workspace/job.ts";
import { isName, nameRule } from "../workspace/names.ts";
import type { PortRequest } from "../workspace/ports.ts";
import { parseCpu, parseMemory } from "../workspace/resource-units.ts";
import { fileRulesOf } from "./file-rules.ts";
import { type ManifestOwners, warnUnknownManifestKeys, withAliases } from "./manifest-keys.ts";
import { MANIFEST_DEFAULTS as D, ManifestSchema, type WrittenManifest } from "./manifest-schema.ts";
import { reportSteps, rolloutOf } from "./rollout-schema.ts";

/** A resolved manifest: the properties of a job that depend only on its own file. */
export type Manifest = Pick<
  Job,
  | "version"
  | "selectors"
  | "restartPolicy"
  | "restartGlobs"
  | "maxConcurrentStarts"
  | "maxConcurrentUpgrades"
  | "minAllocationsCount"
  | "maxUnavailable"
  | "neverWith"
  | "onFailure"
  | "revertScope"
  | "rollout"
  | "keep"
  | "fileRules"
  | "timeoutSeconds"
  | "memory"
  | "cpu"
  | "commands"
> & { readonly portRequests: Readonly<Record<string, PortRequest>> };

/** The path of a job's manifest, as named in problems. */
export function manifestFile(job: string): string {
  return `workspace/jobs/${job}/manifest.json`;
}

/**
 * Resolves a job's manifest. Reports its problems and returns undefined if it does not match the schema. An undefined
 * manifest adds no problem, because the caller that failed to read it has reported it.
 */
export function resolveManifest(
  job: string,
  value: unknown,
  owners: ManifestOwners,
  report: Report,
): Manifest | undefined {
  if (value === undefined) return undefined;
  const file = manifestFile(job);
  const named = withAliases(value, file, report);
  const whole = readWritten(ManifestSchema, named, { file, code: "invalid_manifest" }, report);
  warnUnknownManifestKeys(named, owners, file, report);
  reportSteps(isRecord(named) ? named.rollout : undefined, file, report);
  const written = whole ?? salvage(ManifestSchema, named);
  if (!written) return undefined;
  const policy = written.restart_policy ?? (isRecord(named) ? named.restart_policy : undefined);
  reportIdleGlobs(written.restart_globs ?? [], policy, file, report);
  const manifest = resolve(job, written, report);
  return whole && manifest;
}

/**
 * The valid part of a refused manifest, for plugins that check the rest of it in the same build. Undefined if there is
 * no such part, or if it would have fewer ports than the manifest declares.
 */
export function understoodPart(job: string, value: unknown): Manifest | undefined {
  const silent: Report = () => undefined;
  const named = withAliases(value, manifestFile(job), silent);
  const written = isRecord(named) ? salvage(ManifestSchema, named) : undefined;
  if (!written || !isRecord(named)) return undefined;
  const ports = isRecord(named.resources) ? named.resources.ports : undefined;
  const lost = Object.keys(isRecord(ports) ? ports : {}).some((name) => !(name in (written.resources?.ports ?? {})));
  return lost ? undefined : resolve(job, written, silent);
}

function reportIdleGlobs(globs: readonly string[], policy: unknown, file: string, report: Report): void {
  if (globs.length === 0 || (policy !== undefined && policy !== "always" && policy !== "never")) return;
  report(
    error(
      "invalid_manifest",
      `${file}: restart_globs`,
      "restart_globs need restart_policy reload",
      'write "restart_policy": "reload", or remove restart_globs',
    ),
  );
}

function resolve(job: string, written: WrittenManifest, report: Report): Manifest {
  const where = `${manifestFile(job)}: resources`;
  const rollout = rolloutOf(written.rollout);
  return {
    version: written.version?.trim() ?? D.version,
    selectors: selectorsOf(job, written, report),
    restartPolicy: written.restart_policy ?? D.restart_policy,
    restartGlobs: written.restart_globs ?? [],
    maxConcurrentStarts: sizeOf(written.max_concurrent_starts, D.max_concurrent_starts),
    maxConcurrentUpgrades: sizeOf(written.max_concurrent_upgrades, D.max_concurrent_upgrades),
    minAllocationsCount: written.min_allocations_count ?? D.min_allocations_count,
    ...(written.max_unavailable === undefined ? {} : { maxUnavailable: sizeOf(written.max_unavailable, 1) }),
    ...((written.never_with ?? []).length === 0 ? {} : { neverWith: [...new Set(written.never_with)].sort() }),
    ...(written.on_failure === undefined ? {} : { onFailure: written.on_failure }),
    ...(written.revert_scope === undefined ? {} : { revertScope: written.revert_scope }),
    ...(rollout === undefined ? {} : { rollout }),
    ...(written.keep === undefined ? {} : { keep: written.keep }),
    ...(written.files === undefined ? {} : { fileRules: fileRulesOf(written.files) }),
    ...(written.timeout_seconds === undefined ? {} : { timeoutSeconds: written.timeout_seconds }),
    memory: reservation(written.resources?.memory, parseMemory, `${where}.memory`, report),
    cpu: reservation(written.resources?.cpu, parseCpu, `${where}.cpu`, report),
    commands: commandsOf(job, written, report),
    portRequests: portRequestsOf(written),
  };
}

function portRequestsOf(written: WrittenManifest): Manifest["portRequests"] {
  const ports = Object.entries(written.resources?.ports ?? {});
  return Object.fromEntries(ports.map(([name, options]) => [name, typeof options === "number" ? options : "any"]));
}

/** Selectors are compared with labels, so both are trimmed and lower-cased. */
function selectorsOf(job: string, written: WrittenManifest, report: Report): string[] {
  const selectors = [...new Set((written.selectors ?? []).map((label) => label.trim().toLowerCase()))].filter(
    (label) => label !== "",
  );
  for (const label of selectors) {
    if (isName("label", label)) continue;
    report(
      error(
        "invalid_manifest",
        `${manifestFile(job)}: selectors`,
        `"${label}" is not a label`,
        `use ${nameRule("label")}`,
      ),
    );
  }
  return selectors.length > 0 ? selectors : [job];
}

function sizeOf(written: number | string | undefined, otherwise: number): BatchSize {
  if (typeof written === "string") return `${Number.parseInt(written, 10)}%`;
  return written !== undefined && written >= 1 ? written : otherwise;
}

function reservation(
  bounds: { readonly min?: string | undefined; readonly max?: string | undefined } | undefined,
  parse: (text: string) => number | undefined,
  where: string,
  report: Report,
): Reservation {
  const min = parse(bounds?.min ?? "") ?? 0;
  const max = parse(bounds?.max ?? "") || min;
  if (min > max)
    report(
      error(
        "invalid_manifest",
        where,
        `min (${bounds?.min}) is more than max (${bounds?.max})`,
        "raise max or lower min",
      ),
    );
  return { min, max, reserved: max, source: "manifest" };
}

function commandsOf(job: string, written: WrittenManifest, report: Report): JobCommand[] {
  const commands = Object.entries(written.commands ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return commands.map(([name, command]) => {
    const where = `${manifestFile(job)}: commands.${name}`;
    if (!isName("command", name))
      report(error("invalid_command", where, `"${name}" is not a command name`, `use ${nameRule("command")}`));
    const executedOn = [...new Set(command.executed_on)];
    const demands = demandsOf(job, command.demands, where, report);
    const once = command.once === true ? { once: true as const } : {};
    return { name, executedOn, ...once, ...(demands ? { demands } : {}) };
  });
}

type WrittenDemands = NonNullable<NonNullable<WrittenManifest["commands"]>[string]["demands"]>;

function demandsOf(
  job: string,
  written: WrittenDemands | undefined,
  where: string,
  report: Report,
): JobCommand["demands"] {
  const demanded = written?.job?.trim() ?? "";
  const command = written?.command?.trim() ?? "";
  if ((demanded === "") !== (command === "")) {
    report(
      error(
        "invalid_demand",
        `${where}.demands`,
        "a demand must name a job and one of its commands",
        "write both job and command, or neither",
      ),
    );
    return undefined;
  }
  if (demanded === job) {
    report(
      error(
        "invalid_demand",
        `${where}.demands.job`,
        "a job cannot depend on itself",
        "name another job, or remove demands",
      ),
    );
    return undefined;
  }
  return demanded === "" ? undefined : { job: demanded, command, config: written?.config ?? {} };
}
