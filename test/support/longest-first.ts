import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take 15 seconds or more, with their seconds on two cores. A long file that starts last leaves one core
 * idle, and the cache of a fresh clone contains no durations. `--reporter json` prints new ones.
 */
export const SECONDS: Readonly<Record<string, number>> = {
  "test/e2e/plugins/authors-begin-with-published-packages": 92,
  "test/e2e/crash/a-killed-command-is-resumed-by-the-next-deploy": 63,
  "test/e2e/workers/doctor-finds-what-deploy-repairs": 51,
  "test/docs/demo": 46,
  "test/simulation/simulation": 46,
  "test/e2e/workers/operations-explain-and-clean-up": 46,
  "test/e2e/plugins/targets-run-alike-on-every-transport": 38,
  "test/e2e/workers/reboots-go-one-after-another": 38,
  "test/e2e/import/an-import-is-interrupted": 37,
  "test/team/faults": 37,
  "packages/cli/src/commands/deploy": 34,
  "test/e2e/import/a-bucket-of-the-go-program-is-taken-over": 31,
  "test/e2e/import/a-prometheus-of-the-go-program-is-taken-over": 31,
  "test/e2e/crash/each-command-runs-once": 30,
  "test/integration/budget/budget.invariants": 30,
  "packages/core/src/plan/settled-jobs.invariants": 30,
  "test/e2e/plugins/only-trusted-code-runs": 24,
  "test/e2e/workers/a-maintenance-keeps-the-budget": 23,
  "test/e2e/crash/signals-end-a-command": 22,
  "test/e2e/deploy/deletes-reach-only-what-maand-made": 22,
  "test/e2e/deploy/modes-are-as-documented": 22,
  "test/e2e/plugins/plugin-rsync": 22,
  "test/e2e/import/what-an-import-cannot-render": 21,
  "test/e2e/ui/a-browser-shows-and-runs-a-deploy": 21,
  "test/e2e/jobs/job-commands-lead-a-rollout": 20,
  "test/e2e/ui/a-page-does-what-commands-do": 20,
  "test/e2e/workers/a-faulty-worker-is-named": 70,
  "test/integration/hook-libraries": 20,
  "packages/cli/src/commands/rollback": 19,
  "packages/plugin-certs/src/certs": 18,
  "test/e2e/deploy/hooks-run-at-their-events": 18,
  "test/e2e/plugins/transports/openssh-meets-its-guarantees": 18,
  "test/e2e/crash/a-damaged-store-is-reported": 17,
  "test/e2e/deploy/prometheus-gets-what-jobs-have": 17,
  "test/e2e/jobs/job-commands-do-no-harm": 17,
  "test/e2e/crash/an-error-is-one-line": 16,
  "test/e2e/jobs/hooks-run-for-each-allocation": 16,
  "test/e2e/terminal/a-terminal-shows-a-deploy": 15,
  "test/team/two-machines": 15,
};

/** The end-to-end tests spend much time waiting, so they start first. */
const PROJECTS = ["e2e", "e2e-postgres", "unit"];

/**
 * Runs one project after another, and the longest files of each project first. A process is kept while its next file is
 * in the same project. Otherwise, the process ends, and the next process imports the engine again.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return inOrder(await super.sort(files));
  }
}

/** The properties of a file that determine the order. */
type File = Pick<TestSpecification, "moduleId"> & { readonly project: { readonly name: string } };

/** The order in which files begin; files without a known duration stay in the given order. */
export function inOrder<F extends File>(files: readonly F[]): F[] {
  return [...files].sort((one, other) => placeOf(one) - placeOf(other) || seconds(other) - seconds(one));
}

const ROOT = new URL("../..", import.meta.url).pathname;

function placeOf({ project }: File): number {
  return PROJECTS.indexOf(project.name);
}

function seconds({ project, moduleId }: File): number {
  const name = moduleId.replace(ROOT, "").replace(/(\.e2e)?\.test\.ts$/, "");
  return (project.name === "e2e-postgres" ? undefined : SECONDS[name]) ?? 0;
}
