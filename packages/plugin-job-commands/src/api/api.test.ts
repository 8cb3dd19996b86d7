import { createConnection } from "node:net";
import type { TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandRuntime, call, lentBucket, sessionOf } from "../bucket.test.support.ts";
import type { ApiAccess } from "./api.ts";
import type { Session } from "./session.ts";

let bucket: TestBucket & ReturnType<typeof lentBucket>;
beforeEach(() => {
  expect.hasAssertions(); // most of them are in callbacks
  bucket = lentBucket();
});
afterEach(() => bucket.dispose());

/** Serves one process of job `api`, and calls the API for it. */
function served(use: (access: ApiAccess, session: Session) => Promise<void>, more: Partial<Session> = {}) {
  return bucket.lend(async (context) => {
    const runtime = new CommandRuntime();
    const session = sessionOf(runtime, context, more);
    await runtime.api.serve(session, (access) => use(access, session));
  });
}

const VARS = "vars/job/api";
const SECRETS = "secrets/job/api";

describe("access to the API", () => {
  it("requires the token, regardless of the other headers", () =>
    served(async (access) => {
      const identity = { "x-allocation-id": "api@10.0.0.1", event: "cli", command: "command_wait" };
      const query = `/kv?namespace=${VARS}&key=a`;
      for (const headers of [
        {},
        identity,
        { authorization: "Bearer wrong" },
        { authorization: `Basic ${access.token}` },
      ]) {
        const refused = await call(access, "GET", query, undefined, { ...headers });
        expect([refused.status, refused.type]).toEqual([401, "text/plain; charset=utf-8"]);
      }
    }));

  it("accepts the token in either header, and ignores other headers of an older client", () =>
    served(async (access) => {
      await call(access, "PUT", "/kv", { namespace: VARS, key: "a", value: "1" });
      const other = { "x-allocation-id": "web@10.0.0.2", event: "health_check" };
      for (const token of [{ authorization: `bearer ${access.token}` }, { "x-maand-token": access.token }]) {
        const put = await call(access, "PUT", "/kv", { namespace: VARS, key: "a", value: "2" }, { ...token, ...other });
        expect(put).toMatchObject({ status: 200, text: "" });
      }
    }));

  it("ends when the process of the token ends, and the port is closed after the last process", () =>
    bucket.lend(async (context) => {
      const runtime = new CommandRuntime();
      const kept: ApiAccess[] = [];
      await runtime.api.serve(sessionOf(runtime, context), async (first) => {
        await runtime.api.serve(sessionOf(runtime, context), async (second) => {
          expect([second.port, second.token === first.token]).toEqual([first.port, false]);
          kept.push(second);
        });
        const [ended] = kept;
        expect(ended && (await call(ended, "GET", "/kv/keys")).status).toBe(401);
        expect((await call(first, "GET", "/kv/keys")).status).toBe(200);
        kept.push(first);
      });
      expect(kept).toHaveLength(2);
      for (const { port } of kept) await expect(refuses(port)).resolves.toBe("ECONNREFUSED");
    }));

  it("requires a random token of 32 bytes", () =>
    served(async ({ token }) => {
      expect(Buffer.from(token, "base64url").byteLength).toBe(32);
    }));
});

describe("KV entries", () => {
  it("are written, read by query or body, listed and deleted", () =>
    served(async (access) => {
      expect(await call(access, "PUT", "/kv", { namespace: VARS, key: "color", value: " blue \n" })).toMatchObject({
        status: 200,
        text: "",
      });
      const entry = { namespace: VARS, key: "color", value: "blue" };
      expect((await call(access, "GET", `/kv?namespace=${VARS}&key=color`)).json).toEqual(entry);
      await call(access, "PUT", "/kv/secret", { namespace: SECRETS, key: "pw", value: " s3cret " });
      expect((await call(access, "GET", `/kv?namespace=${SECRETS}&key=pw`)).json).toMatchObject({ value: " s3cret " });
      expect((await call(access, "GET", "/kv/keys")).json).toEqual({
        namespaces: { [VARS]: ["color"], [SECRETS]: ["pw"] },
      });
      expect((await call(access, "GET", `/kv/keys?namespace=${VARS}`)).json).toEqual({
        namespaces: { [VARS]: ["color"] },
      });
      expect((await call(access, "DELETE", "/kv", { namespace: VARS, key: "color" })).status).toBe(200);
      expect((await call(access, "GET", `/kv?namespace=${VARS}&key=color`)).status).toBe(404);
      expect((await call(access, "DELETE", "/kv", { namespace: VARS, key: "color" })).status).toBe(404);
    }));

  it("can be read by a GET request with a body, as older clients send it", () =>
    served(async (access) => {
      await call(access, "PUT", "/kv", { namespace: VARS, key: "a", value: "1" });
      const text = await overSocket(access, JSON.stringify({ namespace: VARS, key: "a" }));
      expect(text).toContain('"value":"1"');
    }));

  const READABLE = [
    "maand/bucket bucket_id",
    "maand/worker/10.0.0.1 worker_ip",
    "maand/job/api name",
    "maand/job/db name",
    "maand/job/api/worker/10.0.0.1 api_allocation_index",
  ];
  it.each(READABLE)("in %s can be read", (entry) =>
    served(async (access) => {
      const [namespace, key] = entry.split(" ");
      expect((await call(access, "GET", `/kv?namespace=${namespace}&key=${key}`)).status).toBe(200);
    }),
  );

  const REFUSED = [
    "vars/job/web",
    "secrets/job/web",
    "maand/job/web",
    "maand/worker/10.0.0.2",
    "maand/job/api/worker/10.0.0.2",
    "nonsense",
  ];
  it.each(REFUSED)("in %s cannot be read by this allocation", (namespace) =>
    served(async (access) => {
      expect((await call(access, "GET", `/kv?namespace=${namespace}&key=x`)).status).toBe(400);
      expect((await call(access, "GET", `/kv/keys?namespace=${namespace}`)).status).toBe(400);
    }),
  );

  const UNWRITABLE = [
    "maand/bucket",
    "maand/worker/10.0.0.1",
    "maand/job/api",
    "maand/job/db",
    "vars/job/db",
    "secrets/job/db",
    "vars/bucket",
    SECRETS,
  ];
  it.each(UNWRITABLE)("in %s cannot be written through /kv", (namespace) =>
    served(async (access) => {
      expect((await call(access, "PUT", "/kv", { namespace, key: "x", value: "1" })).status).toBe(400);
      expect((await call(access, "DELETE", "/kv", { namespace, key: "x" })).status).toBe(400);
      if (namespace !== SECRETS)
        expect((await call(access, "PUT", "/kv/secret", { namespace, key: "x", value: "1" })).status).toBe(400);
    }),
  );

  it("with the rollout order can be written only in pre_deploy and in commands run manually", async () => {
    const wanted = { namespace: "maand/job/api", key: "rollout_order", value: "10.0.0.2,10.0.0.1" };
    const statuses: Record<string, number> = {};
    for (const event of ["pre_deploy", "cli", "post_deploy", "job_control", "health_check"] as const)
      await served(
        async (access) => {
          statuses[event] = (await call(access, "PUT", "/kv", wanted)).status;
        },
        { event },
      );
    expect(statuses).toEqual({ pre_deploy: 200, cli: 200, post_deploy: 400, job_control: 400, health_check: 400 });
  });

  it("cannot be written by a health check, even with another event in its headers", () =>
    served(
      async (access) => {
        const headers = { authorization: `Bearer ${access.token}`, event: "cli" };
        for (const [method, path, namespace] of [
          ["PUT", "/kv", VARS],
          ["DELETE", "/kv", VARS],
          ["PUT", "/kv/secret", SECRETS],
        ] as const)
          expect((await call(access, method, path, { namespace, key: "a", value: "1" }, headers)).status).toBe(400);
      },
      { event: "health_check" },
    ));
});

describe("invalid requests", () => {
  const BAD: readonly (readonly [string, string, string, unknown, number])[] = [
    ["an empty body", "PUT", "/kv", "", 400],
    ["malformed JSON", "PUT", "/kv", "{", 400],
    ["a list", "PUT", "/kv", "[]", 400],
    ["a value that is not text", "PUT", "/kv", { namespace: VARS, key: "a", value: 1 }, 400],
    ["no value", "PUT", "/kv", { namespace: VARS, key: "a" }, 400],
    ["a blank value", "PUT", "/kv", { namespace: VARS, key: "a", value: " \n" }, 400],
    ["an empty secret", "PUT", "/kv/secret", { namespace: SECRETS, key: "a", value: "" }, 400],
    ["no key", "PUT", "/kv", { namespace: VARS, key: "", value: "1" }, 400],
    ["a blank key", "PUT", "/kv", { namespace: VARS, key: "  ", value: "1" }, 400],
    ["no namespace", "GET", "/kv?key=a", undefined, 400],
    ["a key with a newline", "PUT", "/kv", { namespace: VARS, key: "a\nb", value: "1" }, 400],
    ["an unknown route", "GET", "/no/such", undefined, 404],
    ["no route at all", "GET", "//", undefined, 404],
    ["the name of an inherited property as route", "GET", "/constructor", undefined, 404],
    ["a wrong method", "POST", "/kv", { namespace: VARS, key: "a" }, 405],
    ["an unknown method", "PATCH", "/demands", {}, 405],
    ["a body larger than a MiB", "PUT", "/kv", { namespace: VARS, key: "a", value: "x".repeat(1024 * 1024) }, 413],
    ["a semaphore without a name", "POST", "/semaphore/acquire", { capacity: 1 }, 400],
    ["no slots", "POST", "/semaphore/acquire", { name: "m", capacity: 0 }, 400],
    ["too many slots", "POST", "/semaphore/acquire", { name: "m", capacity: 65 }, 409],
    ["a semaphore that is not held", "POST", "/semaphore/release", { name: "m" }, 409],
    ["an unknown worker", "POST", "/worker/run", { worker_ip: "10.9.9.9", command: "id" }, 404],
    ["no command", "POST", "/worker/run", { worker_ip: "10.0.0.1" }, 400],
    ["an invalid target", "POST", "/worker/target", { target: "x; id" }, 400],
    ["a job that the command does not depend on", "POST", "/worker/target", { job: "web", target: "status" }, 400],
    [
      "an invalid timeout",
      "POST",
      "/worker/run",
      { worker_ip: "10.0.0.1", command: "id", timeout_seconds: "soon" },
      400,
    ],
  ];
  it.each(BAD)("with %s are refused, and the next request works", (_what, method, path, body, status) =>
    served(async (access) => {
      const refused = await call(access, method, path, body);
      expect([refused.status, refused.type], refused.text).toEqual([status, "text/plain; charset=utf-8"]);
      expect((await call(access, "GET", "/kv/keys")).status).toBe(200);
    }),
  );
});

it("GET /demands lists the commands of other jobs that depend on a command", () =>
  bucket.lend(async (context) => {
    const runtime = new CommandRuntime();
    const demanded = {
      ...context,
      demandsOn: (command: string) =>
        command === "command_wait" ? [{ job: "web", command: "command_x", config: { n: 1 } }] : [],
    };
    await runtime.api.serve(sessionOf(runtime, demanded), async (access) => {
      expect((await call(access, "GET", "/demands")).json).toEqual([
        { job: "web", command: "command_x", demand_config: { n: 1 } },
      ]);
    });
  }));

it("GET /demands is empty if no command in the catalog depends on the command", () =>
  served(async (access, { context }) => {
    expect((await call(access, "GET", "/demands")).json).toEqual([]);
    expect(context.demandsOn("command_wait")).toEqual([]);
  }));

it("POST /worker/run runs a command on a worker, and returns its result", () =>
  served(async (access) => {
    const answer = await call(access, "POST", "/worker/run", { worker_ip: "10.0.0.2", command: "id && true" });
    expect(answer.json).toEqual({ exit: 0, stdout: "", stderr: "" });
  }));

it("GET /connection returns the login data of the allocation's worker", () =>
  served(async (access) => {
    expect((await call(access, "GET", "/connection")).json).toEqual({
      user: "agent",
      key_path: "/keys/worker.key",
      use_sudo: true,
      port: 2222,
    });
  }));

it("GET /connection is refused for a worker without a login plugin", () =>
  bucket.lend(async (context) => {
    const runtime = new CommandRuntime();
    const allocation = context.allocations.find(({ host }) => host === "10.0.0.2");
    await runtime.api.serve(sessionOf(runtime, context, { ...(allocation && { allocation }) }), async (access) => {
      expect(await call(access, "GET", "/connection")).toMatchObject({
        status: 404,
        text: expect.stringContaining("no plugin provides the login data of 10.0.0.2"),
      });
    });
  }));

/** The result of connecting to a port. */
function refuses(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port }, () => resolve("connected"));
    socket.on("error", (cause: NodeJS.ErrnoException) => resolve(cause.code ?? ""));
    socket.on("connect", () => socket.destroy());
  });
}

/** A GET with a body, which `fetch` does not send. */
function overSocket({ port, token }: ApiAccess, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(text));
    const head = `GET /kv HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${token}\r\ncontent-length: ${body.length}`;
    socket.write(`${head}\r\n\r\n${body}`);
  });
}
