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

const ComposeFile = v.pipe(
  v.string("must be the name of a compose file in the job's directory"),
  v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\.ya?ml$/, "must be the name of a file, such as compose.yaml"),
);

/**
 * The arguments of docker compose per action. `--wait` waits until all services run and, if they have health checks, are
 * healthy.
 */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  start: ["up", "--detach", "--wait", "--remove-orphans"],
  // compose does not replace a container if only a mounted file changed
  restart: ["up", "--detach", "--wait", "--remove-orphans", "--force-recreate"],
  reload: ["up", "--detach", "--wait", "--remove-orphans"],
  stop: ["down"],
  status: ["ps", "--all"],
};

/** Runs jobs whose manifest has `"compose": "compose.yaml"` as compose projects; they need no Makefile. */
export function lifecycleCompose(): Plugin {
  return definePlugin({
    name: "lifecycle-compose",
    claims: {
      compose: {
        description: "Compose file of the job, run by docker compose.",
        schema: ComposeFile,
        jsonSchema: () => jsonSchemaOf(ComposeFile),
        lifecycle: true,
      },
    },
    apply({ validate, rollout, reconcile, target }) {
      const order = { name: "lifecycle-compose", before: "make" };
      validate.tap("lifecycle-compose", needFiles);
      rollout.tapPromise(order, (context) => run(context, context.action.kind));
      reconcile.tapPromise(order, (context) => run(context, context.action.kind));
      target.tapPromise(order, (context) => run(context, context.target));
    },
  });
}

/** Leaves other jobs and unsupported targets to the next plugin. */
async function run(context: ActionContext | TargetContext, what: string): Promise<Done | undefined> {
  const { job, bucket, directory, env, remote, timeoutMs, signal, log } = context;
  const file = composeFileOf(job);
  const words = WORDS[what];
  if (file === undefined || words === undefined) return undefined;
  // two buckets may have jobs with the same name on one worker
  const project = ["--project-name", `${job.name}-${bucket.id.slice(0, 8)}`, "--file", `${directory}/${file}`];
  const onLine = (line: string, stream: "stdout" | "stderr") => log(line, { stream });
  const options = { asRoot: true, cwd: directory, env, timeoutMs, signal, onLine };
  await remote.exec(["docker", "compose", "--ansi", "never", ...project, ...words], options);
  return "done";
}

function needFiles({ jobs, report }: ValidateContext): void {
  for (const job of jobs) {
    const file = composeFileOf(job);
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

/** The schema already reported an invalid name. */
function composeFileOf({ manifest }: Job): string | undefined {
  const file = v.safeParse(ComposeFile, manifest.compose);
  return file.success ? file.output : undefined;
}

export default lifecycleCompose;
