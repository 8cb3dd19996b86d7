import { execFile } from "node:child_process";
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "./pages.ts";

/** Builds the website, and opens it in a browser without access to other sites. */
const SITE = join(ROOT, "website/.vitepress/dist");
const CHROMIUM = "/usr/bin/chromium";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

const requested: string[] = [];
let server: Server;
let browser: Browser;
let origin: string;

describe("the website", { skip: !existsSync(CHROMIUM) }, () => {
  beforeAll(async () => {
    await promisify(execFile)("npm", ["run", "docs"], { cwd: ROOT });
    server = createServer(({ url = "/" }, response) => {
      const path = join(SITE, decodeURIComponent(new URL(url, "http://x").pathname));
      const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "index.html") : path;
      if (!existsSync(file)) response.writeHead(404).end();
      else {
        response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
        createReadStream(file).pipe(response);
      }
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    origin = `http://127.0.0.1:${address && typeof address === "object" ? address.port : 0}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function open(path: string) {
    const page = await browser.newPage();
    await page.route("**", (route) => {
      requested.push(route.request().url());
      return route.request().url().startsWith(origin) ? route.continue() : route.abort();
    });
    await page.goto(`${origin}/${path}`);
    return page;
  }

  it("has a page for every chapter, with links to the previous and next page", async () => {
    const page = await open("deploy.html");
    expect(await page.title()).toBe("Deploy | maand");
    expect(await page.locator(".pager-link.prev").innerText()).toContain("Prometheus");
    expect(await page.locator(".pager-link.next").innerText()).toContain("Progress");
    expect(await page.locator(".vp-doc").innerText()).not.toMatch(/^Section: |Previous:/m);
  });

  it("can be searched without a network", async () => {
    const page = await open("");
    await page.keyboard.press("Control+k");
    await page.locator("#localsearch-input").fill("certificate authority");
    const results = page.locator("#localsearch-list a");
    await results.first().waitFor();
    expect((await results.allInnerTexts()).join("\n")).toMatch(/authority/i);
  });

  it("resolves a permanent link to the description of the error", async () => {
    const page = await open("e/HOST_KEY_CHANGED/");
    await page.waitForURL("**/errors.html#host_key_changed");
    expect(await page.locator("#host_key_changed").innerText()).toContain("HOST_KEY_CHANGED");
    const problem = await open("p/unknown_name/");
    await problem.waitForURL("**/errors.html#problem-unknown_name");
    expect(await problem.locator("#problem-unknown_name").count()).toBe(1);
  });

  it("shows the light or the dark picture to match the page", async () => {
    const page = await open("progress.html");
    const shown = () =>
      page.locator("img.picture:visible").evaluateAll((images) => images.map(({ className }) => className));
    expect(await shown()).toEqual(["picture light"]);
    await page.evaluate("document.documentElement.classList.add('dark')");
    expect(await shown()).toEqual(["picture dark"]);
    const width = await page.locator("img.picture.dark").evaluate((image) => Reflect.get(image, "naturalWidth"));
    expect(width).toBeGreaterThan(500);
  });

  it("sends no request to another host, and contains no fonts", () => {
    expect(requested.filter((url) => !url.startsWith(origin))).toEqual([]);
    expect(requested.length).toBeGreaterThan(20);
    const files = readdirSync(SITE, { recursive: true, encoding: "utf8" });
    expect(files.filter((file) => /\.(woff2?|ttf|otf)$/.test(file))).toEqual([]);
    const html = files.filter((file) => file.endsWith(".html")).map((file) => readFileSync(join(SITE, file), "utf8"));
    const tags = html.flatMap((text) => text.match(/<(?:script|link|img|iframe)[^>]*https?:[^>]*>/g) ?? []);
    expect(tags).toEqual([]);
  });
});
