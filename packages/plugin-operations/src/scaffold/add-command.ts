import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { didYouMean, error, type Problem } from "@maand/core";
import {
  COMMAND_EVENTS,
  type CommandEvent,
  createFile,
  isName,
  makeDirectories,
  nameRule,
  problemsError,
} from "@maand/core/internal";
import { isCommandEvent, isRecord, manifestFile, parseJson, replaceFile } from "@maand/core/operator";
import { COMMAND_LANGUAGES, type CommandLanguage, commandScript } from "./command-script.ts";
import { insertEntry } from "./insert-entry.ts";
import { createJob } from "./scaffold.ts";

/** The options of a new command, as typed. */
export interface NewCommandOptions {
  readonly name: string;
  readonly events: readonly string[];
  /** `py` or `ts`. */
  readonly language: string;
  /** Run it once per job. */
  readonly once: boolean;
}

/** The validated options. */
interface ParsedCommandOptions {
  readonly name: string;
  readonly events: readonly CommandEvent[];
  readonly language: CommandLanguage;
  readonly once: boolean;
}

/** The written files, as paths in the job's directory. */
export interface AddedCommand {
  readonly directory: string;
  readonly script: string;
  /** Whether the job was created as well. */
  readonly newJob: boolean;
}

/**
 * Creates a command of a job: its script, and its entry in the manifest, whose formatting is kept. Creates the job with
 * `selectors` if it does not exist. Never overwrites a file. Before writing anything, refuses an invalid name or event,
 * an existing command, and a manifest that cannot be parsed.
 */
export async function createCommand(
  workspace: string,
  job: string,
  selectors: readonly string[],
  options: NewCommandOptions,
): Promise<AddedCommand> {
  const understood = understand(options);
  const newJob = !isName("job", job) || !existsSync(join(workspace, "jobs", job));
  if (!newJob && selectors.length > 0) throw problemsError([alreadyThere(job)]);
  const directory = newJob ? createJob(workspace, job, selectors) : join(workspace, "jobs", job);
  const manifest = await manifestWith(directory, job, understood);
  const script = join("_modules", `${understood.name}.${understood.language}`);
  makeDirectories(join(directory, "_modules"));
  const { name: command, events, once, language } = understood;
  const text = commandScript({ job, command, events, once }, language);
  createFile(join(directory, script), text);
  replaceFile(join(directory, "manifest.json"), manifest);
  return { directory, script, newJob };
}

function understand({ name, events, language, once }: NewCommandOptions): ParsedCommandOptions {
  const problems: Problem[] = [];
  if (!isName("command", name)) {
    const hint = isName("command", `command_${name}`)
      ? `did you mean "command_${name}"?`
      : `use ${nameRule("command")}`;
    problems.push(error("invalid_command", "--command", `"${name}" is not a command name`, hint));
  }
  const all = Object.keys(COMMAND_EVENTS);
  if (events.length === 0)
    problems.push(error("invalid_command", "--on", "must name at least one event", `use ${all.join(", ")}`));
  for (const event of events) {
    if (isCommandEvent(event)) continue;
    const hint = didYouMean(event, all) ?? `use ${all.join(", ")}`;
    problems.push(error("invalid_command", "--on", `"${event}" is not an event`, hint));
  }
  const known = COMMAND_LANGUAGES.find((candidate) => candidate === language);
  if (!known)
    problems.push(
      error("invalid_command", "--lang", `unsupported language "${language}"`, `use ${COMMAND_LANGUAGES.join(" or ")}`),
    );
  if (once && events.includes("after_allocation_stopped"))
    problems.push(
      error("invalid_command", "--once", "cannot be used with after_allocation_stopped", "omit one of the two"),
    );
  if (!known || problems.length > 0) throw problemsError(problems);
  return { name, events: events.filter(isCommandEvent), language: known, once };
}

/** The text of the manifest including the command. */
async function manifestWith(directory: string, job: string, command: ParsedCommandOptions): Promise<string> {
  const { name, events, once } = command;
  const problems: Problem[] = [];
  const path = join(directory, "manifest.json");
  const text = existsSync(path) ? readFileSync(path, "utf8").replace(/^\uFEFF/, "") : undefined;
  if (text === undefined)
    problems.push(error("missing_manifest", manifestFile(job), "the file is missing", "create it; {} is enough"));
  const manifest =
    text === undefined ? {} : parseJson(text, manifestFile(job), "invalid_manifest", (p) => problems.push(p));
  problems.push(...taken(directory, job, name, manifest));
  if (text === undefined || problems.length > 0) throw problemsError(problems);
  const entry = `{ "executed_on": [${events.map((event) => `"${event}"`).join(", ")}]${once ? ', "once": true' : ""} }`;
  return insertEntry(text, "commands", name, entry);
}

function taken(directory: string, job: string, name: string, manifest: unknown): Problem[] {
  if (manifest === undefined) return [];
  const where = `${manifestFile(job)}: commands`;
  const commands = isRecord(manifest) && manifest.commands !== undefined ? manifest.commands : {};
  if (!isRecord(manifest) || !isRecord(commands))
    return [error("invalid_manifest", where, "must be an object", 'write { "commands": {} }')];
  const hint = "choose another name, or edit the existing command";
  const scripts = ["py", "ts", "js"]
    .map((ending) => `_modules/${name}.${ending}`)
    .filter((script) => existsSync(join(directory, script)))
    .map((script) => error("command_exists", `workspace/jobs/${job}/${script}`, "already exists", hint));
  const entry = Object.hasOwn(commands, name);
  return entry ? [error("command_exists", `${where}.${name}`, "already exists", hint), ...scripts] : scripts;
}

function alreadyThere(job: string): Problem {
  return error(
    "job_exists",
    `workspace/jobs/${job}`,
    "already exists",
    "omit --selectors to add the command to the existing job, or choose another name",
  );
}
