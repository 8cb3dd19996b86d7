import { didYouMean, error, type Job, type JobFile, type Problem, type ValidateContext, warning } from "@maand/core";
import { isRecord } from "./is-record.ts";
import { onPath, ownPackages, ownPython, runtimeOf } from "./process/installed.ts";
import { missingPackages, readRequirements } from "./process/python-packages.ts";
import { MODULES, scriptsOf } from "./process/scripts.ts";

type Context = Pick<ValidateContext, "bucket" | "jobs" | "read" | "report">;

/** The runtimes for TypeScript and JavaScript. */
const RUNTIMES = ["node", "bun"];

/**
 * Checks that this machine has everything that the scripts of commands need: an interpreter, and the packages in
 * `_modules/requirements.txt` or `_modules/package.json`. It checks only what a script needs. Without a virtual
 * environment, a job's scripts run with python3, so the packages that python3 finds are enough.
 */
export function validateNeeds(context: Context): void {
  for (const job of context.jobs) {
    const scripts = job.commands.flatMap(({ name }) => scriptsOf(job, name).map((script) => ({ name, script })));
    const isPython = ({ script }: (typeof scripts)[number]) => script.path.endsWith(".py");
    if (scripts.some(isPython)) report(context, pythonProblems(context, job));
    const others = scripts.filter((one) => !isPython(one));
    if (others.length > 0) report(context, packageProblems(context, job));
    report(
      context,
      others.flatMap(({ name }) => runtimeProblems(job, name)),
    );
  }
}

function report(context: Context, problems: readonly Problem[]): void {
  for (const problem of problems) context.report(problem);
}

function pythonProblems({ bucket, read }: Context, job: Job): Problem[] {
  if (ownPython({ root: bucket.root, job }) !== undefined) return [];
  if (onPath("python3") === undefined)
    return [
      error(
        "missing_interpreter",
        directory(job),
        "its commands need python3, which is not installed",
        "install python3",
      ),
    ];
  const requirements = fileOf(job, "requirements.txt");
  if (!requirements) return [];
  const missing = missingRequirements(textOf(read(requirements)));
  if (missing.length === 0) return [];
  const [venv, file] = [`${directory(job)}/.venv`, `${directory(job)}/requirements.txt`];
  const hint = `python3 -m venv ${venv} && ${venv}/bin/pip install -r ${file}`;
  const message = `neither installed for the job's commands nor found by python3: ${missing.join(", ")}`;
  return [error("missing_packages", file, message, `type: ${hint}`)];
}

/** The packages of a requirements file that python3 lacks. Lines that only pip can resolve count as missing. */
function missingRequirements(text: string): readonly string[] {
  const { names, others } = readRequirements(text);
  return [...missingPackages(names), ...others];
}

function packageProblems({ bucket, read }: Context, job: Job): Problem[] {
  const file = fileOf(job, "package.json");
  if (!file || ownPackages({ root: bucket.root, job }) !== undefined) return [];
  const where = `${directory(job)}/package.json`;
  const written = parsed(textOf(read(file)));
  if (!isRecord(written)) return [error("missing_packages", where, "is not a JSON object", "fix it, or delete it")];
  const { dependencies } = written;
  if (!isRecord(dependencies) || Object.keys(dependencies).length === 0) return [];
  const hint = `run npm install --prefix ${directory(job)}`;
  return [error("missing_packages", where, "its packages are not installed for the job's commands", hint)];
}

function runtimeProblems(job: Job, command: string): Problem[] {
  const runtime = runtimeOf(job, command);
  const where = `workspace/jobs/${job.name}/manifest.json: commands.${command}.runtime`;
  if (runtime === undefined || runtime === "node") return [];
  if (runtime !== "bun") {
    const hint = didYouMean(String(runtime), RUNTIMES) ?? `use ${RUNTIMES.join(" or ")}`;
    return [error("invalid_command", where, `there is no runtime "${runtime}"`, hint)];
  }
  if (onPath("bun") !== undefined) return [];
  return [
    warning(
      "missing_interpreter",
      where,
      "bun is not installed here, so Node runs it",
      "install bun, or remove runtime",
    ),
  ];
}

function fileOf({ files }: Job, name: string): JobFile | undefined {
  return files.find(({ path }) => path === `${MODULES}/${name}`);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

function directory({ name }: Job): string {
  return `workspace/jobs/${name}/${MODULES}`;
}
