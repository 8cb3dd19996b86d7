import { statSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CSRF_HEADER, type FleetAnswer } from "../contract.ts";
import { type Browser, type Raw, type Served, served } from "./served.test.support.ts";

let page: Served;
let browser: Browser;

beforeAll(async () => {
  page = await served({ allow: ["deploy"] });
  browser = await page.login();
});
afterAll(() => page.close());

const API = [
  ...["session", "fleet", "status", "jobs/api", "workers/10.0.0.1", "runs", "plan", "certificates", "doctor"],
  ...["actions", "stream"],
];

/** The status and the code of a refusal. */
async function refusal(request: Raw): Promise<string> {
  const { status, text } = await page.send(request);
  expect(text).not.toMatch(/\n +at /); // no stack
  return `${status} ${JSON.parse(text).error.code}`;
}

describe("a request without a session", () => {
  it.each(API)("gets no data from /api/%s", async (path) => {
    expect(await refusal({ path: `/api/${path}` })).toBe("401 NO_SESSION");
    for (const cookie of ["", "maand-ui-1=x", `${browser.cookie}x`, `${browser.cookie}; ${browser.cookie}`, "=; ;;="])
      expect(await refusal({ path: `/api/${path}`, headers: { cookie } })).toBe("401 NO_SESSION");
  });

  it.each(["plan", "doctor", "actions"])("cannot POST to /api/%s", async (path) => {
    const headers = { origin: page.origin, "content-type": "application/json", [CSRF_HEADER]: browser.session.csrf };
    expect(await refusal({ method: "POST", path: `/api/${path}`, headers, body: "{}" })).toBe("401 NO_SESSION");
  });

  it("gets the page without data", async () => {
    expect((await page.send({ path: "/" })).text).toBe("<!doctype html><html><head></head></html>");
  });
});

describe("a one-time code", () => {
  it("is valid once, and the file then contains another code", async () => {
    const { readFileSync } = await import("node:fs");
    const inFile = () => /code=([\w-]+)"/.exec(readFileSync(page.ui.openFile ?? "", "utf8"))?.[1] ?? "";
    const code = inFile();
    const first = await page.send({ path: `/open?code=${code}` });
    expect([first.status, first.headers.location]).toEqual([303, "/"]);
    expect(first.headers["set-cookie"]).toEqual([
      expect.stringMatching(/^maand-ui-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    expect(await refusal({ path: `/open?code=${code}` })).toBe("401 CODE_USED");
    expect(inFile()).not.toBe(code);
    expect((await page.send({ path: `/open?code=${inFile()}` })).status).toBe(303);
  });

  it.each(["", "?code=", "?code=x", `?code=${"a".repeat(43)}`, "?code[]=x", "?code=%00"])(
    "cannot be %j",
    async (query) => {
      expect(await refusal({ path: `/open${query}` })).toBe("401 CODE_USED");
    },
  );

  it("is in a file and a directory that only their owner can read", () => {
    const file = page.ui.openFile ?? "";
    expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o600, 0o700]);
  });
});

describe("the Host header of a request", () => {
  it.each([
    "evil.example",
    "evil.example:PORT",
    "127.0.0.1",
    "127.0.0.1:1",
    "localhost",
    "127.0.0.1.evil.example:PORT",
    "127.0.0.1:PORT.evil.example",
    "user@127.0.0.1:PORT",
    "[::1]:PORT",
    "0.0.0.0:PORT",
  ])("cannot be %s, for any path", async (host) => {
    const headers = { host: host.replace("PORT", String(page.ui.port)), cookie: browser.cookie };
    for (const path of ["/", "/assets/app-1a2b.js", "/api/session", "/api/stream", "/open?code=x", "/nowhere"])
      expect([400, 421]).toContain((await page.send({ path, headers })).status); // 400: no host name at all
  });

  it("cannot be missing or repeated", async () => {
    const { connect } = await import("node:net");
    const status = (lines: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(page.ui.port, "127.0.0.1", () => socket.write(`GET / HTTP/1.1\r\n${lines}\r\n\r\n`));
        socket.once("data", (data) => {
          resolve(data.toString().slice(9, 12));
          socket.destroy();
        });
        socket.once("close", () => resolve("closed"));
      });
    const own = `Host: 127.0.0.1:${page.ui.port}`;
    expect(await status(own)).toBe("200");
    expect(await status(`${own}\r\nHost: evil.example`)).toMatch(/^4/);
    expect(await status(`Host: evil.example\r\n${own}`)).toMatch(/^4/);
    expect(await status("X: y")).toMatch(/^4|closed/);
  });

  it("can be localhost in any case", async () => {
    const headers = { host: `LOCALHOST:${page.ui.port}`, cookie: browser.cookie };
    expect((await page.send({ path: "/api/session", headers })).status).toBe(200);
  });
});

describe("a page of another site", () => {
  it.each(["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "file://"])(
    "with the origin %s is refused",
    async (origin) => {
      const headers = { cookie: browser.cookie, origin };
      for (const path of API) expect(await refusal({ path: `/api/${path}`, headers })).toBe("403 WRONG_ORIGIN");
      const write = { ...headers, "content-type": "application/json", [CSRF_HEADER]: browser.session.csrf };
      for (const path of ["login", "plan", "doctor", "actions"])
        expect(await refusal({ method: "POST", path: `/api/${path}`, headers: write, body: "{}" })).toBe(
          "403 WRONG_ORIGIN",
        );
    },
  );

  it.each(["cross-site", "same-site"])("is refused if the browser marks the request as %s", async (site) => {
    const headers = { cookie: browser.cookie, "sec-fetch-site": site };
    expect(await refusal({ path: "/api/fleet", headers })).toBe("403 WRONG_ORIGIN");
    expect(await refusal({ path: "/api/stream", headers })).toBe("403 WRONG_ORIGIN");
  });

  it("gets no CORS headers", async () => {
    for (const method of ["OPTIONS", "GET"]) {
      const headers = {
        origin: "https://evil.example",
        "access-control-request-method": "POST",
        cookie: browser.cookie,
      };
      const reply = await page.send({ method, path: "/api/actions", headers });
      expect(reply.status).toBeGreaterThanOrEqual(400);
      expect(Object.keys(reply.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });
});

describe("a write", () => {
  const body = JSON.stringify({ verb: "deploy", plan: "0".repeat(64) });
  const good = () => ({
    cookie: browser.cookie,
    origin: page.origin,
    "content-type": "application/json",
    [CSRF_HEADER]: browser.session.csrf,
  });

  it.each([
    ["without an origin", { origin: undefined }, "403 WRONG_ORIGIN"],
    ["with a form", { "content-type": "application/x-www-form-urlencoded" }, "415 NOT_JSON"],
    ["with plain text", { "content-type": "text/plain" }, "415 NOT_JSON"],
    ["with a content type like JSON", { "content-type": "application/jsonp" }, "415 NOT_JSON"],
    ["without a content type", { "content-type": undefined }, "415 NOT_JSON"],
    ["without a CSRF token", { [CSRF_HEADER]: undefined }, "403 NO_CSRF_TOKEN"],
    ["with the CSRF token of another session", { [CSRF_HEADER]: "x".repeat(43) }, "403 NO_CSRF_TOKEN"],
    ["for a plan that does not exist", {}, "404 NOT_FOUND"],
  ])("is refused %s", async (_, change, answer) => {
    expect(await refusal({ method: "POST", path: "/api/actions", headers: { ...good(), ...change }, body })).toBe(
      answer,
    );
  });

  it.each([
    { verb: "rollback", job: "api" },
    { verb: "pause", action: "interrupt" },
    { verb: "pause", action: "abort", job: "api" },
    { verb: "maintain", action: "begin", workers: ["10.0.0.1"], reboot: true },
    { verb: "maintain", action: "abort" },
  ])("is refused without permission: %j", async (request) => {
    const refused = await browser.post("/api/actions", request);
    expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([403, "NOT_ALLOWED"]);
  });

  it.each([
    "",
    "[]",
    "null",
    '"deploy"',
    "{",
    '{"verb":"shell"}',
    '{"verb":"deploy","plan":["x"]}',
    '{"verb":"deploy"}',
  ])("of %j is refused", async (text) => {
    expect(await refusal({ method: "POST", path: "/api/actions", headers: good(), body: text })).toMatch(/^400 /);
  });

  it("is refused as soon as it is too large", async () => {
    const large = JSON.stringify({ verb: "deploy", plan: "x".repeat(70_000) });
    expect(await refusal({ method: "POST", path: "/api/actions", headers: good(), body: large })).toBe("413 TOO_LARGE");
    expect(await refusal({ method: "POST", path: "/api/login", headers: good(), body: large })).toBe("413 TOO_LARGE");
  });

  it.each(["PUT", "DELETE", "PATCH", "POST"])("with %s to a read-only path gets 404", async (method) => {
    for (const path of ["/api/fleet", "/", "/open"])
      expect((await page.send({ method, path, headers: good(), body: "{}" })).status).toBe(404);
  });
});

describe("an unsafe path", () => {
  it.each([
    ..."/../../../etc/passwd /assets/../../etc/passwd /assets/..%2f..%2fetc/passwd /%2e%2e/%2e%2e/etc/passwd".split(
      " ",
    ),
    ..."/assets/%252e%252e/etc/passwd /..%5c..%5cetc/passwd /assets/%c0%ae%c0%ae/etc/passwd /assets//etc/passwd".split(
      " ",
    ),
    ..."/assets/app-1a2b.js%00.html /assets/ /assets /data/maand.db //etc/passwd".split(" "),
    ..."/api/runs/..%2f..%2f..%2fetc/passwd /api/runs/../../data /api/runs/%2e%2e/log /api/plan/..%2fplans".split(" "),
    ..."/api/plan/%2e%2e%2fopen-1.html /api/plan/latest%00 /api/jobs/..%2fapi /api/workers/%2fetc /api/jobs/__proto__".split(
      " ",
    ),
  ])("%s is not found", async (path) => {
    const { status, text } = await page.send({ path, headers: { cookie: browser.cookie } });
    expect([400, 401, 404]).toContain(status);
    expect(text).not.toMatch(/root:|SQLite/);
  });
});

describe("a response", () => {
  it.each(["/", "/assets/app-1a2b.js", "/api/session", "/api/nothing", "/open?code=x", "/nowhere"])(
    "to %s has security headers",
    async (path) => {
      const { headers } = await page.send({ path, headers: { cookie: browser.cookie } });
      expect(headers).toMatchObject({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
      });
      const policy = String(headers["content-security-policy"]);
      expect(policy).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|http/);
    },
  );

  it("with a name from the request is JSON, not HTML", async () => {
    const script = encodeURIComponent("<script>alert(1)</script>");
    const { headers, text, status } = await browser.get(`/api/jobs/${script}`);
    expect([status, headers["content-type"]]).toEqual([404, "application/json"]);
    expect(JSON.parse(text).error.message).toContain("<script>");
  });
});

it("the fleet contains only the rows that a filter selects", async () => {
  const { workers, jobs, total, all } = await browser.read<FleetAnswer>("/api/fleet?label=db");
  expect([workers.map(({ host, cells }) => `${host} ${cells}`), total, all]).toEqual([["10.0.0.2 o"], 1, 3]);
  expect(jobs.map(({ name, running, counts }) => [name, running, counts])).toEqual([
    ["api", ["1.0.0"], { promoted: 3 }],
  ]);
  const zone = await browser.read<FleetAnswer>("/api/fleet?zone=a&limit=1");
  expect([zone.workers.map(({ host }) => host), zone.next]).toEqual([["10.0.0.1"], null]);
  const paged = await browser.read<FleetAnswer>("/api/fleet?limit=2");
  expect([paged.workers.length, paged.next]).toEqual([2, 2]);
  expect((await browser.read<FleetAnswer>("/api/fleet?state=new")).workers).toEqual([]);
  for (const wrong of ["limit=0", "limit=x", "limit=99999", "after=-1", "sort=x", `q=${"x".repeat(3000)}`])
    expect([wrong, (await browser.get(`/api/fleet?${wrong}`)).status]).toEqual([wrong, 400]);
});

it("none of these requests caused an internal error of the server", () => {
  expect(page.reported).toEqual([]);
});
