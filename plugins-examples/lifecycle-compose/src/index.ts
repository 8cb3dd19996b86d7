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

const COMPOSE = defineClaim("compose", {
  description: "Name of the job's compose file. maand runs it with docker compose.",
  schema: v.pipe(
    v.string("must be the name of a compose file in the job's directory"),
    v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\.ya?ml$/, "must be the name of a file, such as compose.yaml"),
  ),
  lifecycle: true,
});

/** `--wait` waits until all services run and, if they have health checks, are healthy. */
const UP = ["up", "--detach", "--wait", "--remove-orphans"];

/** Runs jobs whose manifest has `"compose": "compose.yaml"` as compose projects; they need no Makefile. */
export function lifecycleCompose(): Plugin {
  const run = lifecycle({
    name: "lifecycle-compose",
    before: "make",
    concerns: (job) => COMPOSE.of(job) !== undefined,
    start: (context) => compose(context, UP),
    stop: (context) => compose(context, ["down"]),
    // compose does not replace a container if only a mounted file changed
    restart: (context) => compose(context, [...UP, "--force-recreate"]),
    reload: (context) => compose(context, UP),
    status: (context) => compose(context, ["ps", "--all"]),
  });
  return definePlugin({
    name: "lifecycle-compose",
    claims: { compose: COMPOSE },
    apply(hooks) {
      hooks.validate.tap("lifecycle-compose", needFiles);
      run(hooks);
    },
  });
}

async function compose(context: LifecycleContext, words: readonly string[]): Promise<void> {
  const { job, bucket, directory, env, once } = context;
  // two buckets may have jobs with the same name on one worker
  const project = ["--project-name", `${job.name}-${bucket.id.slice(0, 8)}`];
  const file = ["--file", `${directory}/${COMPOSE.of(job) ?? ""}`];
  await once(["docker", "compose", "--ansi", "never", ...project, ...file, ...words], { env });
}

function needFiles({ jobs, report }: ValidateContext): void {
  for (const job of jobs) {
    const file = COMPOSE.of(job);
    if (file === undefined || job.files.some(({ path }) => path === file || path === `${file}.tpl`)) continue;
    const where = `workspace/jobs/${job.name}/manifest.json: compose`;
    report(
      error(
        "missing_compose_file",
        where,
        `job ${job.name} has no file ${file}`,
        `write workspace/jobs/${job.name}/${file}`,
      ),
    );
  }
}

export default lifecycleCompose;
