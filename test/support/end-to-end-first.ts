import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Begins with end-to-end files, the longest of them first: they wait a lot, and unit tests fill the time at the end. */
export class EndToEndFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted].sort((one, other) => rank(one) - rank(other));
  }
}

/** Files that take longest on an idle machine; the cache of a fresh clone knows no durations. */
const LONGEST = ["docs/demo", "workers/doctor", "crash/", "deploy/drained", "deploy/a-deploy-rolls", "plugins/"];

function rank({ project, moduleId }: TestSpecification): number {
  if (project.name !== "e2e") return LONGEST.length + 1;
  const at = LONGEST.findIndex((part) => moduleId.includes(part));
  return at === -1 ? LONGEST.length : at;
}
