import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Scratch } from "../bucket/scratch.ts";
import { until } from "../fleet/until.ts";

/** The path of Debian's Chromium. */
export const CHROMIUM = "/usr/bin/chromium";
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** A page of `maand ui` in a headless Chromium. */
export interface UiPage {
  readonly page: Page;
  /** Signs that data ran as a script: dialogs, errors of the page, and violations of its content security policy. */
  readonly alarms: readonly string[];
  /** Opens a page of the application, such as `#/plan`, and waits for its heading. */
  open(fragment: string, heading: string | RegExp): Promise<void>;
  /** The findings of axe on the current page. */
  axe(): Promise<string[]>;
}

/** Limits of a page. */
export interface PageOptions {
  /** The longest wait for something on the page, in milliseconds. */
  readonly waitMs?: number;
}

/** Runs `maand ui` in a bucket, and calls `use` with its page. `endServer` ends the server earlier. */
export async function withUi(
  bucket: Scratch,
  allow: string,
  use: (ui: UiPage, endServer: () => Promise<unknown>) => Promise<void>,
  options: PageOptions = {},
): Promise<void> {
  const server = bucket.start(["ui", ...(allow === "" ? [] : ["--allow", allow])]);
  const end = () => {
    server.kill("SIGTERM");
    return server.ended;
  };
  try {
    const url = await Promise.race([
      until("the page to be served", () => urlIn(join(bucket.root, "data/ui")), 20_000),
      server.ended.then(({ stderr }) => Promise.reject(new Error(`maand ui ended: ${stderr}`))),
    ]);
    await withPage(url, (ui) => use(ui, end), options);
  } finally {
    await end();
  }
}

/** Calls `use` with a page, and closes its browser afterwards. */
export async function withPage(
  url: string,
  use: (ui: UiPage) => Promise<void>,
  { waitMs = 20_000 }: PageOptions = {},
): Promise<void> {
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
    context.setDefaultTimeout(waitMs);
    const page = await context.newPage();
    await use(await watched(page, url));
  } finally {
    await browser.close();
  }
}

async function watched(page: Page, url: string): Promise<UiPage> {
  const alarms: string[] = [];
  page.on("dialog", (dialog) => {
    alarms.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => alarms.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) alarms.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    alarms,
    async open(fragment, heading) {
      await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      await page.getByText("Loading …").first().waitFor({ state: "detached" });
    },
    async axe() {
      await page.evaluate(readFileSync(AXE, "utf8")); // through the debugger, because the policy of the page forbids this script
      return page.evaluate(FINDINGS);
    },
  };
}

/** The findings of axe, as one string for each element. */
const FINDINGS = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ": " + html + " " + failureSummary)))`;

/**
 * The URL with a one-time code from the private file of a server that runs in a bucket; undefined before the file
 * exists.
 */
function urlIn(directory: string): string | undefined {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const file = names.find((name) => /^open-\d+\.html$/.test(name));
  return file && /url=(\S+?)"/.exec(readFileSync(join(directory, file), "utf8"))?.[1];
}
