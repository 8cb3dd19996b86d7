import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { CHROMIUM, type UiPage, withUi } from "../../support/ui/browser.ts";

const LIMIT_MS = 240_000;
/** The longest wait for a deploy on a busy machine. It leaves the test time to report what it waited for. */
const WAIT_MS = 150_000;

/** Text that would run if the page treated it as HTML. */
const EVIL = `<img src=x onerror="alert('from data')"><script>alert("from data")</script>`;

const EVIL_NAME = "<img src=x onerror=alert(1)>.txt";

const upgrade = (version: string) => ({
  ...{ version, selectors: ["worker"], update_parallel_count: 1 },
});

it(
  "the web UI shows a failed batch live and its log, deploys a plan, rolls back, and never runs scripts in data",
  { timeout: LIMIT_MS, skip: !existsSync(CHROMIUM) },
  () =>
    withFleetBucket({ count: 3 }, async (fixture) => {
      const { bucket } = fixture;
      bucket.job("api", upgrade("1.0.0"), { "notes.txt": "first\n" });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      await withUi(
        bucket,
        "deploy,rollback,pause",
        async (ui, endServer) => {
          await showsTheFleet(fixture, ui);
          await expectKeyboardNavigation(fixture, ui);
          await showsFailureLive(fixture, ui);
          await opensItsLog(fixture, ui);
          await opensAnExport(fixture, ui);
          await rollsBack(fixture, ui);
          await approvesAPlan(fixture, ui);
          await isAccessible(fixture, ui);
          await endServer();
          await ui.page
            .getByRole("alert")
            .getByText(/^connection lost: as of \d\d:\d\d:\d\d/)
            .waitFor();
          expect(ui.alarms).toEqual([]);
          expect(await ui.page.locator("img, script:not([src])").count()).toBe(0);
        },
        { waitMs: WAIT_MS },
      );
    }),
);

async function showsTheFleet({ hosts }: FleetBucket, { page }: UiPage): Promise<void> {
  await page.getByText("Nothing needs attention").waitFor();
  for (const host of hosts) await page.getByRole("row", { name: new RegExp(host) }).waitFor();
  expect(await page.getByRole("gridcell", { name: "api: promoted" }).count()).toBe(3);
  await page.getByText("live", { exact: true }).waitFor();
  const tab = await page.context().newPage(); // the second tab gets its messages from the first tab
  await tab.goto(page.url());
  await tab.getByText("live", { exact: true }).waitFor();
  await tab.close();
}

async function expectKeyboardNavigation({ hosts }: FleetBucket, { page, open }: UiPage): Promise<void> {
  const first = page.getByRole("rowheader").first().getByRole("link");
  await first.focus();
  for (const key of ["ArrowDown", "ArrowRight", "ArrowUp", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: `worker ${hosts[2]}` }).waitFor();
  await open("#/fleet", "Fleet");
  await first.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+Enter");
  await page.getByRole("heading", { level: 1, name: "job api" }).waitFor();
}

/** Lets a deploy in a terminal fail on the second worker, and checks that the page shows it without a reload. */
async function showsFailureLive({ bucket, workers, directory }: FleetBucket, { page, open }: UiPage): Promise<void> {
  await open("#/history", "History");
  await workers[1]?.write(`${directory("api")}/data/fail-restart`, "");
  bucket.job("api", upgrade("2.0.0"), { "notes.txt": `${EVIL}\n`, Makefile: EVIL_MAKEFILE });
  const deploy = bucket.start(["deploy", "--build"]);
  await page
    .getByRole("link", { name: /deploy/ })
    .nth(1)
    .waitFor();
  await page
    .getByRole("link", { name: /deploy/ })
    .first()
    .click();
  await page.getByRole("img", { name: /^batch 2 of 3, 1 worker: failed/ }).waitFor();
  expect(await deploy.ended).toMatchObject({ code: 1 });
  await page.getByRole("img", { name: /^batch 1 of 3, 1 worker: done/ }).waitFor();
}

const EVIL_MAKEFILE = `start stop restart reload status:
	@mkdir -p data
	@test ! -e data/fail-$@ || { cat notes.txt >&2; exit 1; }
	@cat notes.txt
`;

async function opensItsLog({ hosts }: FleetBucket, { page }: UiPage): Promise<void> {
  const failures = page.getByRole("region", { name: "Failures" });
  await failures.getByText(EVIL).waitFor();
  await failures.getByRole("button", { name: "open its log" }).first().click();
  const log = page.getByRole("region", { name: "Lines of output" });
  await log.getByText(EVIL).first().waitFor();
  expect(new URL(page.url()).hash).toContain(`worker=${hosts[1]}`);
}

/** Opens an export as a file without a server, where browsers are strictest. */
async function opensAnExport({ bucket, workers }: FleetBucket, { page }: UiPage): Promise<void> {
  const directory = join(bucket.root, "incident");
  expect(await bucket.maand("ui", "--export", directory)).toMatchObject({ code: 0 });
  const file = await page.context().newPage();
  await file.goto(pathToFileURL(join(directory, "index.html")).href);
  await file.getByText(/^snapshot of .*: nothing here is live$/).waitFor();
  await file.getByRole("img", { name: /^batch 2 of 3, 1 worker: failed/ }).waitFor();
  await file.getByRole("region", { name: "Lines of output" }).getByText(EVIL).first().waitFor();
  await file.getByRole("link", { name: "Fleet" }).click();
  await file.getByRole("row", { name: new RegExp(workers[0]?.host ?? "") }).waitFor();
  await file.close();
}

async function rollsBack({ workers, directory, rollouts }: FleetBucket, { page, open }: UiPage): Promise<void> {
  await workers[1]?.run(["rm", `${directory("api")}/data/fail-restart`]);
  await open("#/job/api", "job api");
  await page.getByRole("button", { name: "Roll back to r1" }).click();
  const dialog = page.getByRole("dialog", { name: "Roll back to r1" });
  await dialog.getByRole("button", { name: "Roll back to r1" }).click();
  await page.getByRole("heading", { level: 1, name: /rollback.*done/ }).waitFor();
  expect(new Set(Object.values(await rollouts()))).toEqual(new Set(["promoted"]));
}

async function approvesAPlan({ bucket, rollouts, hosts }: FleetBucket, { page, open }: UiPage): Promise<void> {
  const files = { "notes.txt": `${EVIL} again\n`, [EVIL_NAME]: "1\n", Makefile: EVIL_MAKEFILE };
  bucket.job("api", upgrade("3.0.0"), files);
  expect(await bucket.maand("build")).toMatchObject({ code: 0 });
  await open("#/plan", "Plan");
  await page.getByRole("button", { name: "Make a plan" }).click();
  await page.getByText(/to 3\.0\.0/).waitFor();
  await page.locator(".changes > summary").first().click();
  for (const text of [`${EVIL} again`, EVIL_NAME]) await page.getByText(text).first().waitFor();
  await page.getByRole("button", { name: "Approve and deploy" }).click();
  const dialog = page.getByRole("dialog", { name: "Approve and deploy" });
  await dialog
    .getByText(hosts[2] ?? "")
    .first()
    .waitFor();
  await dialog.getByRole("button", { name: "Approve and deploy" }).click();
  await page.getByRole("heading", { level: 1, name: /deploy.*done/ }).waitFor();
  expect(new Set(Object.values(await rollouts()))).toEqual(new Set(["promoted"]));
}

/** Checks every page with real data, including the failed run, in light and in dark mode. */
async function isAccessible({ bucket, hosts }: FleetBucket, { page, open, axe }: UiPage): Promise<void> {
  const runs = await bucket.json<{ id: string; result: string }[]>("history");
  const failed = runs.find(({ result }) => result === "failed")?.id ?? "";
  const places: readonly (readonly [fragment: string, heading: string | RegExp])[] = [
    ["#/fleet", "Fleet"],
    ["#/job/api", "job api"],
    [`#/worker/${hosts[0]}`, `worker ${hosts[0]}`],
    ["#/plan", "Plan"],
    [`#/run/${failed}`, /deploy/],
    ["#/history", "History"],
    ["#/certificates", "Certificates"],
    ["#/doctor", "Doctor"],
    [`#/job/${encodeURIComponent(EVIL)}`, `job ${EVIL}`],
  ];
  const found: string[] = [];
  for (const [fragment, heading] of places) {
    await open(fragment, heading);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      found.push(...(await axe()).map((finding) => `${fragment} in ${colorScheme}: ${finding}`));
    }
    await page.setViewportSize({ width: 360, height: 740 });
    const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    if (overflow > 0) found.push(`${fragment} at 360 pixels: ${overflow} pixels wider than the screen`);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  found.push(...(await axe()));
  await page.keyboard.press("Escape");
  expect(found).toEqual([]);
}
