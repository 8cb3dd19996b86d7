import {
  type ActionContext,
  type Done,
  definePlugin,
  error,
  type Job,
  jsonSchemaOf,
  type Plugin,
  type TargetContext,
  type ValidateContext,
} from "@maand/core";
import * as v from "valibot";

const UnitFile = v.pipe(
  v.string("must be the name of a unit file in the job's directory"),
  v.regex(/^[A-Za-z0-9:_.@-]+\.(service|socket|timer|path|target)$/, "must be the name of a unit, such as api.service"),
);

/** The systemctl calls per action, in order; `enable` also links the unit file and reloads it. */
const STEPS: Readonly<Record<string, (unit: string, file: string) => string[][]>> = {
  start: (unit, file) => [
    ["enable", file],
    ["start", unit],
  ],
  restart: (unit, file) => [["enable", file], ["daemon-reload"], ["restart", unit]],
  reload: (unit) => [["daemon-reload"], ["reload-or-restart", unit]],
  stop: (unit) => [["disable", "--now", unit]],
  status: (unit) => [["status", "--no-pager", unit]],
};

/** Runs jobs whose manifest has `"systemd": "api.service"` as systemd units; they need no Makefile. */
export function lifecycleSystemd(): Plugin {
  return definePlugin({
    name: "lifecycle-systemd",
    claims: {
      systemd: {
        description: "Unit file of the job, run by systemctl.",
        schema: UnitFile,
        jsonSchema: () => jsonSchemaOf(UnitFile),
        lifecycle: true,
      },
    },
    apply({ validate, rollout, reconcile, target }) {
      const order = { name: "lifecycle-systemd", before: "make" };
      validate.tap("lifecycle-systemd", needUnits);
      rollout.tapPromise(order, (context) => run(context, context.action.kind));
      reconcile.tapPromise(order, (context) => run(context, context.action.kind));
      target.tapPromise(order, (context) => run(context, context.target));
    },
  });
}

/** Leaves other jobs and unsupported targets to the next plugin. */
async function run(context: ActionContext | TargetContext, what: string): Promise<Done | undefined> {
  const { job, directory, remote, timeoutMs, signal, log } = context;
  const unit = unitOf(job);
  const steps = STEPS[what];
  if (unit === undefined || steps === undefined) return undefined;
  const onLine = (line: string, stream: "stdout" | "stderr") => log(line, { stream });
  for (const words of steps(unit, `${directory}/${unit}`))
    await remote.exec(["systemctl", ...words], { asRoot: true, timeoutMs, signal, onLine });
  return "done";
}

function needUnits({ jobs, report }: ValidateContext): void {
  for (const job of jobs) {
    const unit = unitOf(job);
    if (unit === undefined || job.files.some(({ path }) => path === unit || path === `${unit}.tpl`)) continue;
    const where = `workspace/jobs/${job.name}/manifest.json: systemd`;
    report(
      error("missing_unit", where, `job ${job.name} has no file ${unit}`, `write workspace/jobs/${job.name}/${unit}`),
    );
  }
}

/** The schema already reported an invalid name. */
function unitOf({ manifest }: Job): string | undefined {
  const unit = v.safeParse(UnitFile, manifest.systemd);
  return unit.success ? unit.output : undefined;
}

export default lifecycleSystemd;
