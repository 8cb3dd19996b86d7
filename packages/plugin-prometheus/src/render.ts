import { MaandError, type RenderContext, type Tree, type TreeFile } from "@maand/core";
import { DASHBOARDS, dashboardIndex, labelOf, listedNames } from "./pages/dashboards.ts";
import { RUNBOOKS, runbookIndex, runbookPage, runbookPath, runbooksOf, runbookUrl } from "./pages/runbooks.ts";
import { filesOf, type PublishedFile } from "./published.ts";
import { CERTIFICATE_RULES, certificateRules } from "./rules/certificate-rules.ts";
import { linkRunbooks } from "./rules/link-runbooks.ts";
import { addressOf } from "./scrape/target.ts";
import { schemeOf } from "./server-job.ts";
import { dashboardName, ruleFileName, SERVER_PORT, type Sources, sourcesOf } from "./sources.ts";

/** Adds the rules, runbooks and dashboards of all jobs to the tree of a server job. */
export function renderServer(tree: Tree, context: RenderContext): Tree {
  const { read } = context;
  const server = `${schemeOf(context.job)}://${addressOf(context.worker.host, portOf(context))}`;
  const jobs = byJob(filesOf(context.kv));
  const text = (file: PublishedFile) => Buffer.from(read(file)).toString();
  const rules = jobs.flatMap(({ job, rules: files }) =>
    files.map((file) => {
      const linked = linkRunbooks(text(file), (name) => runbookUrl(server, job, name));
      return textFile(`rules/${job}/${ruleFileName(file.path)}`, linked);
    }),
  );
  const added = [
    textFile(`rules/${CERTIFICATE_RULES}`, certificateRules()),
    ...rules,
    ...runbookFiles(jobs, text),
    ...dashboardFiles(jobs, text),
  ];
  const made = new Set(added.map(({ path }) => path));
  return { files: [...tree.files.filter(({ path }) => !made.has(path)), ...added] };
}

type JobFiles = Sources<PublishedFile> & { readonly job: string };

function byJob(files: readonly PublishedFile[]): JobFiles[] {
  const jobs = [...new Set(files.map(({ job }) => job))];
  return jobs.map((job) => ({ job, ...sourcesOf({ files: files.filter((file) => file.job === job) }) }));
}

function runbookFiles(jobs: readonly JobFiles[], text: (file: PublishedFile) => string): TreeFile[] {
  const runbooks = jobs.flatMap(({ job, runbooks: files }) =>
    runbooksOf(job, files).map(({ name, file }) => ({ job, name, text: text(file) })),
  );
  if (runbooks.length === 0) return [];
  const pages = runbooks.map((runbook) => textFile(runbookPath(runbook.job, runbook.name), runbookPage(runbook)));
  return [...pages, textFile(`${RUNBOOKS}index.html`, runbookIndex(runbooks))];
}

function dashboardFiles(jobs: readonly JobFiles[], text: (file: PublishedFile) => string): TreeFile[] {
  const copies: TreeFile[] = jobs.flatMap(({ job, dashboards }) =>
    dashboards.map(({ path, hash, executable, size }) => {
      return { path: `${DASHBOARDS}${job}/${dashboardName(path)}`, hash, executable, size };
    }),
  );
  if (copies.length === 0) return [];
  const listed = jobs.flatMap(({ job, dashboards, ignore }) => {
    const names = dashboards.map(({ path }) => dashboardName(path));
    const shown = new Set(listedNames(names, ignore.map(text).join("\n")));
    const visible = dashboards.filter(({ path }) => shown.has(dashboardName(path)));
    return visible.map((file) => {
      const name = dashboardName(file.path);
      return { job, name, label: labelOf(name, text(file)) };
    });
  });
  return [...copies, textFile(`${DASHBOARDS}index.html`, dashboardIndex(listed))];
}

function textFile(path: string, text: string): TreeFile {
  const content = Buffer.from(text);
  return { path, hash: "", executable: false, size: content.byteLength, content };
}

/** The port of a server job. A build checks that it exists; builds of older versions did not. */
function portOf({ job }: Pick<RenderContext, "job">): number {
  const port = job.ports[SERVER_PORT];
  if (port !== undefined) return port;
  throw new MaandError({
    code: "RENDER_FAILED",
    message: `job ${job.name} has a prometheus.yml but no port "${SERVER_PORT}"`,
    hint: "run maand build",
  });
}
