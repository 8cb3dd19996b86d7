import {
  defineClaim,
  definePlugin,
  error,
  type LifecycleContext,
  lifecycle,
  type Plugin,
  type ValidateContext,
} from "@maand/core";
import * as v from "valibot";

const SYSTEMD = defineClaim("systemd", {
  description: "Name of the job's unit file. maand manages the unit with systemctl.",
  schema: v.pipe(
    v.string("must be the name of a unit file in the job's directory"),
    v.regex(
      /^[A-Za-z0-9:_.@-]+\.(service|socket|timer|path|target)$/,
      "must be the name of a unit, such as api.service",
    ),
  ),
  lifecycle: true,
});

/** Runs jobs whose manifest has `"systemd": "api.service"` as systemd units; they need no Makefile. */
export function lifecycleSystemd(): Plugin {
  const run = lifecycle({
    name: "lifecycle-systemd",
    before: "make",
    concerns: (job) => SYSTEMD.of(job) !== undefined,
    // the unit file may have changed: `enable` links it, `daemon-reload` reads it again
    start: (context) => systemctl(context, ["enable", fileOf(context)], ["start", unitOf(context)]),
    stop: (context) => systemctl(context, ["disable", "--now", unitOf(context)]),
    restart: (context) =>
      systemctl(context, ["enable", fileOf(context)], ["daemon-reload"], ["restart", unitOf(context)]),
    reload: (context) => systemctl(context, ["daemon-reload"], ["reload-or-restart", unitOf(context)]),
    status: (context) => systemctl(context, ["status", "--no-pager", unitOf(context)]),
  });
  return definePlugin({
    name: "lifecycle-systemd",
    claims: { systemd: SYSTEMD },
    apply(hooks) {
      hooks.validate.tap("lifecycle-systemd", needUnits);
      run(hooks);
    },
  });
}

/** Runs each command once, even if maand dies between two commands: the next deploy continues with the next command. */
async function systemctl({ once }: LifecycleContext, ...steps: readonly (readonly string[])[]): Promise<void> {
  for (const words of steps) await once(["systemctl", ...words]);
}

function unitOf({ job }: LifecycleContext): string {
  return SYSTEMD.of(job) ?? "";
}

function fileOf(context: LifecycleContext): string {
  return `${context.directory}/${unitOf(context)}`;
}

function needUnits({ jobs, report }: ValidateContext): void {
  for (const job of jobs) {
    const unit = SYSTEMD.of(job);
    if (unit === undefined || job.files.some(({ path }) => path === unit || path === `${unit}.tpl`)) continue;
    const where = `workspace/jobs/${job.name}/manifest.json: systemd`;
    report(
      error("missing_unit", where, `job ${job.name} has no file ${unit}`, `write workspace/jobs/${job.name}/${unit}`),
    );
  }
}

export default lifecycleSystemd;
