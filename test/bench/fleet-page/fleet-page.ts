import { type Browser, type CDPSession, chromium, type Page } from "playwright-core";
import { CHROMIUM } from "../../support/ui/browser.ts";
import { generatedFleet } from "./generated-bucket.ts";
import { type PageServer, servePage } from "./page-server.ts";

/**
 * Opens the fleet page with `workers` x `jobs` generated allocations in a headless Chromium, and prints the times of
 * the first paint, a filter, an update from the stream and a scroll by a page. Compares them with the certificates page
 * of the same application, which is empty. Measures each of them `turns` times, and prints the median.
 */
export async function fleetPage(workers = 1000, jobs = 50, turns = 7): Promise<void> {
  const server = await servePage(generatedFleet(workers, jobs));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const empty = await repeat(turns, () =>
      firstPaint(
        browser,
        `${server.url}#/certificates`,
        `document.querySelector(".empty")?.textContent.startsWith("No ")`,
      ),
    );
    const fleet = await repeat(turns, () => firstPaint(browser, server.url, `document.querySelector(".grid .cell")`));
    print("first paint of an empty page", empty);
    print(`first paint of ${workers} x ${jobs}`, fleet);
    console.log(
      `  difference: ${Math.round(median(fleet) - median(empty))} ms, ${frames(median(fleet) - median(empty))}`,
    );
    const page = await browser.newPage({ viewport: SIZE });
    await page.goto(server.url);
    await page.locator(".grid .cell").first().waitFor();
    print("no change, measured like the rows below", await repeat(turns, () => timed(page, "", "true")));
    print("filter by zone", await repeat(turns, (turn) => filter(page, turn)));
    print(
      "update from the stream, with the fleet fetched again",
      await repeat(turns, (turn) => update(page, server, workers, jobs, turn)),
    );
    print("scroll by a page", await repeat(turns, () => scroll(page)));
    const elements = await page.evaluate<number>("document.querySelectorAll('*').length");
    console.log(`elements of the page: ${elements}; heap: ${await heap(page)} MB`);
  } finally {
    await browser.close();
    await server.close();
  }
}

const SIZE = { width: 1440, height: 900 };

/**
 * Milliseconds from the start of the navigation of a new tab to the frame after the first one in which `isShown` is
 * true.
 */
async function firstPaint(browser: Browser, url: string, isShown: string): Promise<number> {
  const page = await browser.newPage({ viewport: SIZE });
  await page.addInitScript({
    content: `(() => {
      const look = () => (${isShown}) ? requestAnimationFrame(() => { window.shownAt = performance.now(); }) : requestAnimationFrame(look);
      requestAnimationFrame(look);
    })()`,
  });
  await page.goto(url);
  const shown = await page.waitForFunction("window.shownAt");
  const at = (await shown.jsonValue()) as number;
  await page.close();
  return at;
}

/** Runs a script in the page, and returns the milliseconds until the second frame after `isDone` is true. */
function timed(page: Page, act: string, isDone: string): Promise<number> {
  return page.evaluate<number>(`new Promise((done) => {
    const start = performance.now();
    const look = () => (${isDone}) ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
    ${act};
    requestAnimationFrame(look);
  })`);
}

const COUNT = `document.querySelector(".count").textContent`;

async function filter(page: Page, turn: number): Promise<number> {
  const zone = `zone-${turn % 3}`;
  const choose = `const select = document.querySelector("[aria-label='With zone']"); select.value = "${zone}"; select.dispatchEvent(new Event("change", { bubbles: true }))`;
  const took = await timed(page, choose, `${COUNT}.includes(" of ")`);
  await timed(
    page,
    `[...document.querySelectorAll("button")].find((one) => one.textContent === "Clear filters").click()`,
    `!${COUNT}.includes(" of ")`,
  );
  return took;
}

async function update(page: Page, server: PageServer, workers: number, jobs: number, turn: number): Promise<number> {
  const next = generatedFleet(workers, jobs, turn + 2);
  const before = await page.evaluate<string>(`document.querySelector(".states").textContent`);
  const shown = timed(page, "", `document.querySelector(".states").textContent !== ${JSON.stringify(before)}`);
  server.show(next);
  const took = await shown;
  await page.waitForTimeout(500); // the page fetches at most every 400 ms
  return took;
}

function scroll(page: Page): Promise<number> {
  const grid = `document.querySelector(".grid")`;
  return timed(page, `${grid}.scrollTop = ${grid}.scrollTop > 5000 ? 0 : ${grid}.scrollTop + 800`, "true");
}

async function heap(page: Page): Promise<number> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return Math.round(usedSize / 1e5) / 10;
}

async function repeat(turns: number, work: (turn: number) => Promise<number>): Promise<number[]> {
  const all: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) all.push(await work(turn));
  return all;
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;
}

function print(what: string, all: readonly number[]): void {
  console.log(`${what}: ${Math.round(median(all))} ms (${all.map(Math.round).join(", ")})`);
}

function frames(ms: number): string {
  return `${(ms / (1000 / 60)).toFixed(1)} frames of 60 per second`;
}
