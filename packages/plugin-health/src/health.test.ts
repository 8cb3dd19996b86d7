import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HealthResult, isMaandError, type VerifyContext } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { aJob, anAllocation, fakeRemote, validateContext, verifyContext } from "@maand/core/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { type HealthOptions, health, readHealth } from "./index.ts";

const at = (host: string) => anAllocation({ host, id: host });

function hooksWith(options?: HealthOptions) {
  const hooks = createHooks();
  health(options).apply(hooks);
  return hooks;
}

/** Runs the `health_check` of a job with one port `web`. */
async function verify(health_check: unknown, port: number, over: Partial<VerifyContext> = {}, options?: HealthOptions) {
  const job = aJob({ ports: { web: port }, manifest: { health_check } });
  const context = verifyContext({ job, allocations: [at("127.0.0.1")], ...over });
  const thrown = await hooksWith(options)
    .verify.promise(context)
    .then(() => undefined)
    .catch((error: unknown) => error);
  if (thrown !== undefined && !isMaandError(thrown)) throw thrown;
  return { error: thrown, results: context.results, output: context.output.map(({ line }) => line) };
}

async function listening(server: Server | TcpServer, host = "127.0.0.1"): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

const serving = (listener: RequestListener, host?: string) => listening(createServer(listener), host);
const answering = (status: number) => serving((_, response) => response.writeHead(status).end("body"));
const closedPort = async () => {
  const server = createTcpServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    }),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
};

describe("a tcp check", () => {
  const health_check = { checks: [{ type: " TCP ", port: "web" }] };

  it("passes if the port accepts connections", async () => {
    const port = await listening(createTcpServer());
    const { error, results } = await verify(health_check, port);
    expect(error).toBeUndefined();
    expect(results).toEqual([
      { host: "127.0.0.1", type: "tcp", target: `127.0.0.1:${port}`, ok: true, message: "accepts connections" },
    ]);
  });

  it("fails if nothing listens on the port, and reports the refused connection", async () => {
    const port = await closedPort();
    const { error, results } = await verify(health_check, port);
    expect(results).toMatchObject([{ ok: false, message: "connection refused" }]);
    expect(error).toMatchObject({
      code: "UNHEALTHY",
      worker: "127.0.0.1",
      message: `api is not healthy: 127.0.0.1: tcp 127.0.0.1:${port}: connection refused`,
    });
  });

  it("formats IPv6 addresses with brackets", async () => {
    const port = await listening(createTcpServer(), "::1");
    const { error, results } = await verify(health_check, port, { allocations: [at("::1")] });
    expect(error).toBeUndefined();
    expect(results).toMatchObject([{ target: `[::1]:${port}` }]);
  });
});

describe("an http check", () => {
  const ready = { type: "http", port: "web", path: "/ready" };

  it("requests its path, and passes if the status is 200", async () => {
    const requests: (string | undefined)[] = [];
    const port = await serving((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      response.end("fine");
    });
    const { error, results } = await verify({ checks: [ready] }, port);
    expect(error).toBeUndefined();
    expect(requests).toEqual(["GET /ready"]);
    expect(results).toMatchObject([{ target: `127.0.0.1:${port}/ready`, message: "responded with 200" }]);
  });

  it("fails on an unexpected status", async () => {
    const { error } = await verify({ checks: [ready] }, await answering(503));
    expect(error?.message).toMatch(/http 127\.0\.0\.1:\d+\/ready: responded with 503, expected 200$/);
  });

  it("may expect any status, including a redirect", async () => {
    expect((await verify({ checks: [{ ...ready, expect_status: 401 }] }, await answering(401))).error).toBeUndefined();
    expect((await verify({ checks: [{ ...ready, expect_status: 302 }] }, await answering(302))).error).toBeUndefined();
  });

  it("follows redirects up to a limit", async () => {
    const port = await serving((request, response) => {
      const next = { "/ready": "/two", "/two": "/three", "/ring": "/ring" }[request.url ?? ""];
      if (next === undefined) response.end();
      else response.writeHead(307, { location: next }).end();
    });
    expect((await verify({ checks: [ready] }, port)).error).toBeUndefined();
    const { error } = await verify({ checks: [{ ...ready, path: "/ring" }] }, port);
    expect(error?.message).toContain("redirects more than 10 times");
  });

  it("does not wait for an endless body", async () => {
    const port = await serving((_, response) => response.writeHead(200).write("x"));
    expect((await verify({ checks: [ready] }, port)).error).toBeUndefined();
  });

  it("fails after its timeout", async () => {
    const port = await serving(() => {});
    const { error } = await verify({ checks: [ready], timeout_seconds: 0.1 }, port);
    expect(error?.message).toContain("no response within 0.1 s");
  });

  it("reports a response that is not HTTP", async () => {
    const port = await listening(createTcpServer((socket) => socket.end("SSH-2.0-hello\r\n")));
    expect((await verify({ checks: [ready] }, port)).error?.message).toContain("is not HTTP");
  });

  it("verifies certificates", async () => {
    const place = mkdtempSync(join(tmpdir(), "maand-health-"));
    onTestFinished(() => rmSync(place, { recursive: true }));
    const files = { key: join(place, "key"), cert: join(place, "cert") };
    const make = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=x -keyout ${files.key} -out ${files.cert}`;
    execFileSync("openssl", make.split(" "), { stdio: "ignore" });
    const server = createSecureServer({ key: readFileSync(files.key), cert: readFileSync(files.cert) }, (_, response) =>
      response.end(),
    );
    const { error } = await verify({ checks: [{ ...ready, scheme: "https" }] }, await listening(server));
    expect(error?.message).toMatch(/self.signed certificate/);
  });
});

describe("an ssh check", () => {
  const health_check = { checks: [{ type: "ssh", command: "systemctl is-active api" }], timeout_seconds: 2 };

  it("runs its command on the worker, as root", async () => {
    const remote = fakeRemote();
    const { error, results } = await verify(health_check, 0, { remote: async () => remote });
    expect(error).toBeUndefined();
    expect(remote.calls).toMatchObject([
      { how: "probe", argv: ["bash", "-lc", "systemctl is-active api"], options: { asRoot: true, timeoutMs: 2000 } },
    ]);
    expect(results).toMatchObject([{ type: "ssh", target: "systemctl is-active api", ok: true }]);
  });

  it("fails with the last output line of the command", async () => {
    const remote = fakeRemote({ answers: () => ({ code: 3, stdout: "checking\ninactive\n" }) });
    const { error } = await verify(health_check, 0, { remote: async () => remote });
    expect(error?.message).toContain("ssh systemctl is-active api: exit code 3: inactive");
  });

  it("does not wait for an unreachable worker", async () => {
    const checks = { ...health_check, timeout_seconds: 0.05 };
    const { error } = await verify(checks, 0, { remote: () => new Promise(() => {}) });
    expect(error?.message).toContain("no response within 0.05 s");
  });
});

describe("the health check of a job", () => {
  it("passes without checks, and reports nothing", async () => {
    expect(await verify(undefined, 0)).toMatchObject({ error: undefined, results: [] });
    expect(await verify({ wait: { attempts: 2 } }, 0)).toMatchObject({ error: undefined, results: [] });
  });

  it("runs every check on every active allocation, and reports all failures", async () => {
    const port = await answering(500);
    const checks = [
      { type: "tcp", port: "web" },
      { type: "http", port: "web" },
    ];
    const active = [at("127.0.0.1"), at("127.0.0.2")];
    const { error, results } = await verify({ checks }, port, { active });
    expect(results.map(({ host, type, ok }) => `${host} ${type} ${ok}`)).toEqual([
      "127.0.0.1 tcp true",
      "127.0.0.1 http false",
      "127.0.0.2 tcp false",
      "127.0.0.2 http false",
    ]);
    expect(error?.message).toContain("127.0.0.1: http 127.0.0.1:");
    expect(error?.message).toContain("127.0.0.2: tcp 127.0.0.2:");
    expect(error?.worker).toBeUndefined();
  });

  it("names the first ten failures, counts the others, and reports all", async () => {
    const active = Array.from({ length: 64 }, (_, index) => at(`10.0.0.${index}`));
    const remote = fakeRemote({ answers: () => ({ code: 1 }) });
    const checks = [{ type: "ssh", command: "ready" }];
    const { error, results } = await verify({ checks }, 0, { active, remote: async () => remote });
    expect(results).toHaveLength(64);
    expect(error?.message.match(/exit code 1/g)).toHaveLength(10);
    expect(error?.message).toMatch(/: exit code 1 \(and 54 more\)$/);
  });

  it("runs at most 64 checks in parallel", async () => {
    let open = 0;
    let most = 0;
    const remote = fakeRemote({
      answers: async () => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        return {};
      },
    });
    const active = Array.from({ length: 200 }, (_, index) => at(`10.0.1.${index}`));
    const checks = [{ type: "ssh", command: "true" }];
    const { results } = await verify({ checks }, 0, { active, remote: async () => remote });
    expect(results).toHaveLength(200);
    expect(most).toBe(64);
  });
});

describe("waiting for a healthy job", () => {
  const health_check = { checks: [{ type: "ssh", command: "ready" }], wait: { attempts: 4, interval_seconds: 2 } };

  /** Healthy at the given attempt; pauses are only recorded. */
  async function waitUntil(attempt: number, given: unknown = health_check) {
    const pauses: number[] = [];
    let requests = 0;
    const remote = fakeRemote({ answers: () => ({ code: ++requests >= attempt ? 0 : 1 }) });
    const sleep = async (ms: number) => void pauses.push(ms);
    return { ...(await verify(given, 0, { wait: true, remote: async () => remote }, { sleep })), pauses, requests };
  }

  it("repeats the checks until all pass, and reports what it waits for", async () => {
    const { error, output, pauses, results } = await waitUntil(3);
    expect(error).toBeUndefined();
    expect(pauses).toEqual([2000, 2000]);
    expect(output).toEqual([
      "waiting for api to be healthy (attempt 1/4): 127.0.0.1: ssh ready: exit code 1",
      "waiting for api to be healthy (attempt 2/4): 127.0.0.1: ssh ready: exit code 1",
    ]);
    expect(results.map((result: HealthResult) => result.ok)).toEqual([true]);
  });

  it("prints a line for each new failure, and one for all repeated failures", async () => {
    let requests = 0;
    const remote = fakeRemote({ answers: () => ({ code: ++requests > 6 ? 0 : requests > 5 ? 2 : 1 }) });
    const active = [at("10.0.0.1"), at("10.0.0.2")];
    const { output } = await verify(
      health_check,
      0,
      { wait: true, active, remote: async () => remote },
      { sleep: async () => {} },
    );
    expect(output).toEqual([
      "waiting for api to be healthy (attempt 1/4): 10.0.0.1: ssh ready: exit code 1",
      "waiting for api to be healthy (attempt 1/4): 10.0.0.2: ssh ready: exit code 1",
      "waiting for api to be healthy (attempt 2/4): 10.0.0.1: ssh ready: exit code 1 (and 1 more)",
      "waiting for api to be healthy (attempt 3/4): 10.0.0.2: ssh ready: exit code 2",
    ]);
  });

  it("stops after the last attempt without another pause", async () => {
    const { error, pauses, requests } = await waitUntil(5);
    expect(error?.message).toBe("api is not healthy after 4 attempts: 127.0.0.1: ssh ready: exit code 1");
    expect([pauses.length, requests]).toEqual([3, 4]);
  });

  it("runs the checks once if wait is not set", async () => {
    const remote = fakeRemote({ answers: () => ({ code: 1 }) });
    const { error, output } = await verify(health_check, 0, { remote: async () => remote });
    expect(error?.code).toBe("UNHEALTHY");
    expect([remote.calls.length, output.length]).toEqual([1, 0]);
  });

  it("ends immediately if the run is interrupted", async () => {
    const interruption = new AbortController();
    const remote = fakeRemote({ answers: () => ({ code: 1 }) });
    const waiting = verify({ ...health_check, wait: { interval_seconds: 3600 } }, 0, {
      wait: true,
      signal: interruption.signal,
      remote: async () => remote,
      log: () => interruption.abort(),
    });
    expect((await waiting).error).toMatchObject({ code: "INTERRUPTED" });
  });
});

describe("health_check in a manifest", () => {
  it("has defaults, including for zero and negative values", () => {
    const defaults = { checks: [], timeoutMs: 5000, wait: { attempts: 30, intervalMs: 1000 } };
    expect(readHealth(aJob())).toEqual(defaults);
    const zeros = { timeout_seconds: -1, wait: { attempts: 0, interval_seconds: 0 } };
    expect(readHealth(aJob({ manifest: { health_check: zeros } }))).toEqual(defaults);
  });

  it("has wait and timeout settings even without checks", () => {
    const health_check = { timeout_seconds: 9, wait: { attempts: 2, interval_seconds: 0.5 } };
    expect(readHealth(aJob({ manifest: { health_check } }))).toEqual({
      checks: [],
      timeoutMs: 9000,
      wait: { attempts: 2, intervalMs: 500 },
    });
  });

  it("is refused if it is invalid", () => {
    expect(() => readHealth(aJob({ manifest: { health_check: { checks: [{ type: "icmp" }] } } }))).toThrow("icmp");
    expect(() => readHealth(aJob({ manifest: { health_check: [] } }))).toThrow("health_check of api is invalid");
  });

  const problems = async (health_check: unknown) => {
    const job = aJob({ ports: { http: 80, admin: 81 }, manifest: { health_check } });
    const context = validateContext({ jobs: [job] });
    await hooksWith().validate.promise(context);
    return context.problems.map(({ where, message, hint, level }) => [
      where.replace("workspace/jobs/api/manifest.json: health_check", "~"),
      level === "error" ? message : `(${message})`,
      hint,
    ]);
  };

  it.each([
    [{ type: "tcp", port: "htpp" }, ["~.checks[0].port", 'port "htpp" is not declared', 'did you mean "http"?']],
    [{ type: "tcp" }, ["~.checks[0].port", "a check of type tcp needs a port", "use one of: admin, http"]],
    [{ type: "htp", port: "http" }, ["~.checks[0].type", 'there is no check of type "htp"', 'did you mean "http"?']],
    [
      { type: "http", port: "http", path: "ready" },
      ["~.checks[0].path", 'path "ready" does not begin with /', 'write "/ready"'],
    ],
    [
      { type: "http", port: "http", scheme: "gopher" },
      ["~.checks[0].scheme", 'there is no scheme "gopher"', "use one of: http, https"],
    ],
    [
      { type: "ssh", command: " " },
      ["~.checks[0].command", "an ssh check needs a command", "write a command that exits with 0 on the worker"],
    ],
    [
      { type: "tcp", port: "http", prot: "x" },
      ["~.checks[0].prot", '(unknown key "prot" is ignored)', 'did you mean "port"?'],
    ],
  ])("is validated: %o", async (check, problem) => {
    expect(await problems({ checks: [check] })).toEqual([problem]);
  });

  it("accepts types in upper or lower case, and all types of checks together", async () => {
    const checks = [
      { type: "HTTP", port: "http" },
      { type: "Tcp", port: "admin" },
      { type: "ssh", command: "true" },
    ];
    expect(await problems({ checks, timeout_seconds: 3, wait: { attempts: 3 } })).toEqual([]);
    expect(await problems(undefined)).toEqual([]);
  });

  it("warns about unknown keys", async () => {
    expect(await problems({ check: [], wait: { attempt: 1 } })).toEqual([
      ["~.check", '(unknown key "check" is ignored)', 'did you mean "checks"?'],
      ["~.wait.attempt", '(unknown key "attempt" is ignored)', 'did you mean "attempts"?'],
    ]);
  });

  it("has a schema for the build and another schema for editors", async () => {
    const claim = health().claims?.health_check;
    const refused = await claim?.schema["~standard"].validate({ checks: [{ type: 1 }] });
    expect(refused?.issues?.map((issue) => issue.message)).toEqual(["must be text in quotes"]);
    expect(claim?.jsonSchema?.()).toMatchObject({
      type: "object",
      properties: { checks: { items: { properties: { port: { type: "string" } }, required: ["type"] } } },
    });
  });
});
