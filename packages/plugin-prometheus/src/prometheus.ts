import { type ContributeContext, definePlugin, type Finding, type Plugin } from "@maand/core";
import { NAMESPACE } from "@maand/core/toolbox";
import { COMMANDS } from "./commands/index.ts";
import { findProgram, type Program } from "./promtool/find-promtool.ts";
import { PassedChecks } from "./promtool/passed-checks.ts";
import type { Promtool } from "./promtool/run-promtool.ts";
import { entriesOf, NOTHING, type Published, SECRET_PREFIX, secretEntriesOf } from "./published.ts";
import { SERVER_CLAIM } from "./server-job.ts";
import { isServer } from "./sources.ts";
import { prometheusFunctions } from "./template-functions.ts";

export interface PrometheusOptions {
  /** The promtool program on this machine; default: looked up in `PATH`. */
  readonly promtool?: string;
}

/** The result of the last `validate`, for the `contribute` of the same build. */
interface BuildState {
  /** The job that contributes the entries shared by all jobs. */
  readonly first: string | undefined;
  readonly published: Published;
  /** A note for the operator about the checks. */
  readonly note?: string;
}

const STRUCTURE_ONLY =
  "promtool is not installed on this machine: only the structure of rules and scrape configurations was checked";

/**
 * Adds the files in `_prometheus/` of all jobs to the jobs that run Prometheus: scrape configurations, rules, runbooks
 * and dashboards. Without a job that has a `prometheus.yml`, they are not read.
 */
export function prometheus({ promtool = "promtool" }: PrometheusOptions = {}): Plugin<"prometheus"> {
  let state: BuildState = { first: undefined, published: NOTHING };
  return definePlugin({
    name: "prometheus",
    commands: COMMANDS,
    schemas: SCHEMAS,
    claims: { [SERVER_CLAIM.key]: SERVER_CLAIM },
    apply(hooks, tools) {
      const tool: Promtool = { program: promtool, passed: new PassedChecks(tools) };
      hooks.validate.tapPromise("prometheus", async (context) => {
        const [first] = context.jobs;
        state = { first: first?.name, published: NOTHING };
        if (!context.jobs.some(isServer)) return;
        const { checkWorkspace } = await import("./lazy.ts");
        const { published, checked } = await checkWorkspace(context, tool);
        state = { first: first?.name, published, ...(checked === "absent" ? { note: STRUCTURE_ONLY } : {}) };
      });
      hooks.contribute.tap("prometheus", (context) => {
        contribute(context, state);
        tool.passed.save();
      });
      hooks.templateFunctions.tap("prometheus", (functions, current) => ({
        ...functions,
        ...prometheusFunctions(current),
      }));
      hooks.render.tapPromise({ name: "prometheus", sameForAll: (job) => !isServer(job) }, async (tree, context) => {
        if (!isServer(context.job)) return tree;
        const lazy = await import("./lazy.ts");
        const whole = lazy.renderServer(tree, context);
        await lazy.checkConfig(tool, whole, context);
        return whole;
      });
      hooks.commit.tapPromise("prometheus", async (context) => {
        if (!context.jobs.some(isServer)) return;
        tool.passed.save();
        const { afterDeploy } = await import("./push/after-run.ts");
        await afterDeploy(context);
      });
      hooks.commitBuild.tapPromise("prometheus", async (context) => {
        if (!context.jobs.some(isServer)) return;
        const { afterBuild } = await import("./push/after-run.ts");
        await afterBuild(context);
      });
      hooks.examine.tap("prometheus", ({ jobs, report }) => {
        if (jobs.some(isServer)) report(promtoolFinding(findProgram(promtool)));
      });
    },
  });
}

/** The finding about promtool. It is optional, so its absence is not a problem. */
function promtoolFinding(found: Program | undefined): Finding {
  const message = found
    ? `promtool is ${found.path}`
    : "promtool is not installed; only the structure of rules and scrape configurations is checked";
  return { check: "promtool", where: "this machine", ok: true, message, hint: null };
}

const SCHEMAS: NonNullable<Plugin["schemas"]> = {
  scrape: {
    description: "The scrape configurations of a job.",
    yamlFiles: ["workspace/jobs/*/_prometheus/scrape.yaml"],
    jsonSchema: async () => (await import("./scrape/schema.ts")).scrapeJsonSchema(),
  },
  rules: {
    description: "Alerting and recording rules of a job.",
    yamlFiles: ["workspace/jobs/*/_prometheus/alerts/**/*.yaml", "workspace/jobs/*/_prometheus/alerts/**/*.yml"],
    jsonSchema: async () => (await import("./rules/schema.ts")).rulesJsonSchema(),
  },
};

function contribute({ job, kv, log }: ContributeContext, { first, published, note }: BuildState): void {
  if (job.name === first) {
    kv.sync(NAMESPACE.prometheus, "", entriesOf(published));
    if (note !== undefined) log(note);
  }
  const [name] = published.scrape.find((one) => one.job === job.name)?.names ?? [];
  if (name !== undefined) kv.sync(NAMESPACE.job(job.name), "job_name", { job_name: name });
  const secrets = NAMESPACE.secrets(job.name);
  if (isServer(job)) kv.sync(secrets, SECRET_PREFIX, secretEntriesOf(published));
  else if (kv.keys(secrets).some((key) => key.startsWith(SECRET_PREFIX))) kv.sync(secrets, SECRET_PREFIX, {});
}
