import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { secret } from "@maand/core";
import { aJob, anAllocation, commitBuildContext, commitContext, fakeKv } from "@maand/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { afterBuild, afterDeploy } from "./after-run.ts";
import { type Receiver, sendSamples } from "./send.ts";
import { snappy } from "./snappy.ts";
import { encodeWriteRequest } from "./write-request.ts";

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

interface Request {
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A receiver that responds with these status codes; the last code repeats. 0 closes the connection. */
async function aReceiver(...answers: readonly number[]) {
  return aReceiverThatPrints("no such luck\nmore", ...answers);
}

/** The same, with the text of its refusals. */
async function aReceiverThatPrints(refusal: string, ...answers: readonly number[]) {
  const requests: Request[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ headers: request.headers, body: await buffer(request) });
    const code = answers[Math.min(requests.length, answers.length) - 1] ?? 204;
    if (code === 0) request.socket.destroy();
    else response.writeHead(code).end(code >= 400 ? refusal : "");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  ending.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { requests, port, url: `http://127.0.0.1:${port}/api/v1/write` };
}

const QUICK = { pausesMs: [1, 1, 1], totalMs: 20_000 };
const never = new AbortController().signal;
const sent = (receiver: Pick<Receiver, "url" | "login">) =>
  sendSamples({ ca: [], ...receiver }, Buffer.from("x"), QUICK, never);

describe("a push", () => {
  it("has the headers of the remote-write protocol, and the login", async () => {
    const { url, requests } = await aReceiver(204);
    expect(await sent({ url, login: { user: "u", password: secret("p") } })).toBeUndefined();
    expect(requests[0]?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-write-version": "0.1.0",
      authorization: `Basic ${Buffer.from("u:p").toString("base64")}`,
    });
  });

  it("has the bearer token of the server", async () => {
    const { url, requests } = await aReceiver(204);
    expect(await sent({ url, login: { token: secret("t0ken") } })).toBeUndefined();
    expect(requests[0]?.headers.authorization).toBe("Bearer t0ken");
  });

  it("does not follow a redirect", async () => {
    const { url, requests } = await aReceiver(302);
    expect(await sent({ url, login: { token: secret("t0ken") } })).toBe("status 302");
    expect(requests).toHaveLength(1);
  });

  it.each([[[503, 429, 0, 204]], [[500, 200]]])("is retried until the server accepts it: %j", async (answers) => {
    const { url, requests } = await aReceiver(...answers);
    expect(await sent({ url })).toBeUndefined();
    expect(requests).toHaveLength(answers.length);
  });

  it.each([
    [400, "status 400: no such luck"],
    [401, "status 401: put admin_username and admin_password, or bearer_token, into the secrets of its job"],
    [404, "status 404: start it with --web.enable-remote-write-receiver"],
  ])("is not retried after %i", async (code, reason) => {
    const { url, requests } = await aReceiver(code);
    expect(await sent({ url })).toBe(reason);
    expect(requests).toHaveLength(1);
  });

  it("names the key to change if the server uses TLS but the push does not", async () => {
    const { url } = await aReceiverThatPrints("Client sent an HTTP request to an HTTPS server.\n", 400);
    expect(await sent({ url })).toBe("status 400: it speaks TLS: set scheme to https in its manifest");
  });

  it("fails after its last attempt, or if the connection is refused", async () => {
    const { url, requests } = await aReceiver(503);
    expect(await sent({ url })).toBe("status 503: no such luck");
    expect(requests).toHaveLength(4);
    for (const end of ending.splice(0)) end();
    expect(await sent({ url })).toBe("the connection was refused");
  });

  it("fails after its timeout without a response", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
    ending.push(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const address = silent.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/`;
    expect(await sendSamples({ url, ca: [] }, Buffer.from("x"), { pausesMs: [1], totalMs: 50 }, never)).toBe(
      "no response in time",
    );
  });
});

describe("the encoded samples", () => {
  it("are a WriteRequest with sorted labels", () => {
    const series = [{ labels: { b: "2", a: "1", none: "" }, value: 1 }];
    expect(encodeWriteRequest(series, 300).toString("hex")).toBe(
      ["0a1e", "0a06", "0a0161", "120131", "0a06", "0a0162", "120132", "120c", "09000000000000f03f", "10ac02"].join(""),
    );
  });

  it("are compressed as Snappy literals of at most 64 KiB", () => {
    expect(snappy(Buffer.from("abc")).toString("hex")).toBe("03f40200616263");
    const long = snappy(Buffer.alloc(65_537, "x"));
    expect(long.subarray(0, 6).toString("hex")).toBe("818004f4ffff");
    expect(long.subarray(-4).toString("hex")).toBe("f4000078");
  });
});

describe("after a deploy", () => {
  const job = (port: number) =>
    aJob({
      name: "prometheus",
      ports: { prometheus_port_http: port },
      files: [{ path: "prometheus.yml", hash: "h", executable: false, size: 1 }],
    });
  const file = (path: string) => ({ path, hash: path, executable: false, size: 1 });
  const allocation = anAllocation({ job: "prometheus", host: "127.0.0.1" });

  const context = (port: number, secrets: Readonly<Record<string, string>> = {}) =>
    commitContext({
      jobs: [job(port)],
      allocations: [allocation],
      kv: () => fakeKv({ "secrets/job/prometheus": secrets, "maand/prometheus": { rule_groups: "2" } }),
      promotedFiles: () => [file("certs/ca.crt"), file("certs/web.crt"), file("certs/web.key")],
      readPromoted: ({ path }) => (path.endsWith(".crt") ? Buffer.from("no certificate") : undefined),
    });

  it("every certificate on a worker is pushed, and the CA once", async () => {
    const { port, requests } = await aReceiver(204);
    await afterDeploy(context(port));
    expect(requests).toHaveLength(1);
    const text = requests[0]?.body.toString("latin1") ?? "";
    expect(text.split("maand_cert_expired")).toHaveLength(3);
    expect(text).toContain("invalid");
    expect(text).not.toContain("days_left");
  });

  it("a failed push is reported with the URL and the reason", async () => {
    const { port, url } = await aReceiver(404);
    await expect(afterDeploy(context(port))).rejects.toThrow(
      `the validity of certificates could not be pushed to ${url}: status 404: start it with --web.enable-remote-write-receiver`,
    );
  });

  it("nothing is pushed if the login lacks the password", async () => {
    const { port, requests } = await aReceiver(204);
    await expect(afterDeploy(context(port, { admin_username: "u" }))).rejects.toThrow(
      "the secrets of job prometheus have no admin_password; set both or neither",
    );
    expect(requests).toHaveLength(0);
  });

  it("nothing is pushed if the secrets contain two logins", async () => {
    const { port, requests } = await aReceiver(204);
    const both = { admin_username: "u", admin_password: "p", bearer_token: "t" };
    await expect(afterDeploy(context(port, both))).rejects.toThrow(
      "the secrets of job prometheus have a bearer_token and an admin login; delete one of them",
    );
    expect(requests).toHaveLength(0);
  });

  it("nothing is pushed if the deploy was refused", async () => {
    const { port, requests } = await aReceiver(204);
    const base = context(port);
    await afterDeploy({ ...base, summary: { ...base.summary, outcome: "refused" } });
    expect(requests).toHaveLength(0);
  });

  it("nothing is pushed to a server that was never deployed, or is disabled", async () => {
    const { port, requests } = await aReceiver(204);
    await afterDeploy({ ...context(port), allocations: [{ ...allocation, disabled: true }] });
    await afterDeploy({ ...context(port), promotedFiles: () => [] });
    expect(requests).toHaveLength(0);
  });
});

it("a build pushes the same samples, and does not retry a failed push", async () => {
  const { port, requests } = await aReceiver(503);
  const base = commitBuildContext({
    jobs: [
      aJob({
        name: "prometheus",
        ports: { prometheus_port_http: port },
        files: [{ path: "prometheus.yml", hash: "h", executable: false, size: 1 }],
      }),
    ],
    allocations: [anAllocation({ job: "prometheus", host: "127.0.0.1" })],
    kv: () => fakeKv({ "secrets/job/prometheus": {} }),
    promotedFiles: () => [{ path: "certs/ca.crt", hash: "ca", executable: false, size: 1 }],
    readPromoted: () => Buffer.from("no certificate"),
  });
  await expect(afterBuild(base)).rejects.toThrow("could not be pushed");
  expect(requests).toHaveLength(1);
  expect(requests[0]?.body.toString("latin1")).toContain("maand_cert_expired");
});
