import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type FleetBucket, withFleetBucket } from "../bucket/fleet-bucket.ts";
import { type UiPage, withUi } from "./browser.ts";

/** A service that writes a log, and whose release 2.1.0 does not start on the third worker. */
const MAKEFILE = `start restart reload:
	@echo "$(JOB): loading configuration"
	@echo "$(JOB): $@ as $(NEW_VERSION)"
	@test ! -e data/fail || { echo "$(JOB): cannot bind port 8080: address already in use" >&2; exit 1; }
	@echo "$(JOB): ready"
stop status:
	@echo "$(JOB): $@"
`;

const JOBS = ["ingress", "api", "billing", "search", "mailer"];

function writeJobs({ bucket }: FleetBucket, version: (job: string) => string): void {
  for (const [at, job] of JOBS.entries())
    bucket.job(
      job,
      {
        version: version(job),
        selectors: ["worker"],
        update_parallel_count: 3,
        ...(at > 1 && { demands: [{ job: "api" }] }),
      },
      {
        Makefile: MAKEFILE,
        "app.conf": `log_level = info\nworkers = ${version(job) === "1.8.2" ? 4 : 8}\ncache = on\n`,
      },
    );
}

/**
 * Deploys to real workers, including a failed deploy, and writes pictures of the pages of `maand ui` to a directory.
 */
export async function takePictures(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await withFleetBucket({ count: 12 }, async (fixture) => {
    const { bucket, workers, directory: place, fleet } = fixture;
    bucket.workers(
      ...fleet.workersJson().map((worker, at) => ({ ...worker, tags: { zone: `zone-${"abc"[at % 3]}` } })),
    );
    writeJobs(fixture, () => "1.8.2");
    await bucket.maand("deploy", "--build");
    await workers[4]?.write(`${place("api")}/data/fail`, "");
    writeJobs(fixture, (job) => (job === "api" || job === "search" ? "2.1.0" : "1.8.2"));
    await bucket.maand("deploy", "--build");
    await withUi(bucket, "deploy,rollback,pause,maintain", (ui) => pictures(fixture, ui, directory));
  });
}

async function pictures({ bucket }: FleetBucket, { page, open }: UiPage, directory: string): Promise<void> {
  await page.route("**/api/session", async (route) => {
    const session = await (await route.fetch()).json();
    await route.fulfill({ json: { ...session, bucket: { ...session.bucket, name: "prod" } } });
  });
  await page.reload();
  const take = (name: string) => page.screenshot({ path: join(directory, `ui-${name}.png`) });
  const [run] = await bucket.json<{ id: string }[]>("history");
  await open("#/fleet", "Fleet");
  await page.getByRole("row").nth(5).waitFor();
  await take("fleet");
  await page.emulateMedia({ colorScheme: "dark" });
  await open(`#/run/${run?.id}`, /deploy/);
  await page
    .getByRole("img", { name: /^batch 1/ })
    .first()
    .waitFor();
  await take("run");
  await page.emulateMedia({ colorScheme: "light" });
  await open("#/plan", "Plan");
  await page.getByRole("button", { name: "Make a plan" }).click();
  await page.locator(".changes > summary").first().click();
  await page.getByText("cache = on").first().waitFor();
  await take("plan");
  await open("#/job/api", "job api");
  await take("job");
  await page.setViewportSize({ width: 360, height: 740 });
  await open("#/fleet", "Fleet");
  await page.getByRole("row").nth(5).waitFor();
  await take("phone");
}
