import type { BatchSize, Job, JobCommand, Reservation } from "./job.ts";
import { MANIFEST_ALIASES, MANIFEST_KEYS, ManifestSchema, type WrittenManifest } from "./manifest-schema.ts";
import { isName, nameRule } from "./names.ts";
import type { PortWish } from "./ports.ts";
import { error, type Report, warning } from "./problem.ts";
import { parseCpu, parseMemory } from "./units.ts";
import { NO_VERSION } from "./version.ts";
import { readWritten, warnUnknownKeys } from "./written.ts";

/** A manifest, resolved: what of a job follows from its own file alone. */
export type Manifest = Pick<
  Job,
  | "version"
  | "selectors"
  | "restartPolicy"
  | "restartGlobs"
  | "maxConcurrentStarts"
  | "maxConcurrentUpgrades"
  | "minAllocationsCount"
  | "timeoutSeconds"
  | "memory"
  | "cpu"
  | "commands"
> & { readonly portWishes: Readonly<Record<string, PortWish>> };

/** Where a job's manifest is, as problems name it. */
export function manifestFile(job: string): string {
  return `workspace/jobs/${job}/manifest.json`;
}

/** Resolves a job's manifest; reports what is wrong with it and answers undefined if it cannot be used. */
export function resolveManifest(
  job: string,
  value: unknown,
  claimed: readonly string[],
  report: Report,
): Manifest | undefined {
  const file = manifestFile(job);
  const written = readWritten(
    ManifestSchema,
    withAliases(value, file, report),
    { file, code: "invalid_manifest" },
    report,
  );
  if (!written) return undefined;
  warnUnknownKeys(written, [...MANIFEST_KEYS, ...claimed], file, "", report);
  warnUnknownKeys(written.resources ?? {}, ["memory", "cpu", "ports"], file, "resources", report);
  if ((written.restart_globs ?? []).length > 0 && written.restart_policy !== "reload") {
    report(
      error(
        "invalid_manifest",
        `${file}: restart_globs`,
        "restart_globs need restart_policy reload",
        'write "restart_policy": "reload", or leave restart_globs out',
      ),
    );
  }
  return {
    version: written.version?.trim() ?? NO_VERSION,
    selectors: selectorsOf(job, written, report),
    restartPolicy: written.restart_policy ?? "always",
    restartGlobs: written.restart_globs ?? [],
    maxConcurrentStarts: sizeOf(written.max_concurrent_starts, 0),
    maxConcurrentUpgrades: sizeOf(written.max_concurrent_upgrades, 1),
    minAllocationsCount: written.min_allocations_count ?? 0,
    ...(written.timeout_seconds === undefined ? {} : { timeoutSeconds: written.timeout_seconds }),
    memory: reservation(written.resources?.memory, parseMemory, `${file}: resources.memory`, report),
    cpu: reservation(written.resources?.cpu, parseCpu, `${file}: resources.cpu`, report),
    commands: commandsOf(job, written, report),
    portWishes: Object.fromEntries(
      Object.entries(written.resources?.ports ?? {}).map(([name, wish]) => [
        name,
        typeof wish === "number" ? wish : "any",
      ]),
    ),
  };
}

function withAliases(value: unknown, file: string, report: Report): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, entry]): [string, unknown] => {
    const name = MANIFEST_ALIASES[key];
    if (name === undefined || name in value) return [key, entry];
    report(warning("renamed_key", `${file}: ${key}`, `"${key}" is an older name`, `write "${name}"`));
    return [name, entry];
  });
  return Object.fromEntries(entries);
}

/** Selectors are compared with labels, so both are kept lower-case and trimmed (B18). */
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
    return demands ? { name, executedOn, demands } : { name, executedOn };
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
        "a demand names a job and one of its commands",
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
        "a job cannot demand itself",
        "name another job, or leave demands out",
      ),
    );
    return undefined;
  }
  return demanded === "" ? undefined : { job: demanded, command, config: written?.config ?? {} };
}
