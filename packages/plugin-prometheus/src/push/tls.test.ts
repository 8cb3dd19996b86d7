import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createPlain } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aJob, anAllocation, commitBuildContext, fakeKv } from "@maand/core/testing";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { sendSamples } from "./send.ts";
import { serverOf } from "./server.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-tls-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "secrets"));
});

/** A self-signed certificate for an address; returns its files. */
function certificate(name: string, address = "127.0.0.1") {
  const [key, crt] = [join(root, `${name}.key`), join(root, `${name}.crt`)];
  const names = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=IP:${address}`];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...ec, "-keyout", key, "-out", crt, ...names], { stdio: "ignore" });
  return { key: readFileSync(key), crt: readFileSync(crt) };
}

type Files = ReturnType<typeof certificate>;

/**
 * Pushes to a server with this certificate, or without TLS; returns the failure, and the number of requests that
 * arrived.
 */
async function pushedTo(files: Files | undefined, manifest: object): Promise<{ failure: string; requests: number }> {
  let requests = 0;
  const answer: Parameters<typeof createPlain>[1] = (_, response) => {
    requests += 1;
    response.writeHead(204).end();
  };
  const server = files ? createServer({ key: files.key, cert: files.crt }, answer) : createPlain(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const context = commitBuildContext({
    bucket: { id: "bucket", root },
    jobs: [
      aJob({
        name: "prometheus",
        ports: { prometheus_port_http: port },
        manifest: { prometheus: manifest },
        files: [{ path: "prometheus.yml", hash: "h", executable: false, size: 1 }],
      }),
    ],
    allocations: [anAllocation({ job: "prometheus", host: "127.0.0.1" })],
    kv: () => fakeKv({ "secrets/job/prometheus": {} }),
    promotedFiles: () => [{ path: "certs/ca.crt", hash: "ca", executable: false, size: 1 }],
    readPromoted: () => Buffer.from("no certificate"),
  });
  const [job] = context.jobs;
  const found = job && serverOf(job, context);
  const patience = { pausesMs: [], totalMs: 20_000 };
  const failure =
    typeof found === "object"
      ? await sendSamples({ ...found, url: `${found.origin}/api/v1/write` }, Buffer.from("x"), patience, context.signal)
      : found;
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  return { failure: failure ?? "", requests };
}

const HTTPS = { scheme: "https" };

it("a push with TLS trusts the CA of the bucket", async () => {
  const files = certificate("own");
  writeFileSync(join(root, "secrets/ca.crt"), files.crt);
  expect(await pushedTo(files, HTTPS)).toEqual({ failure: "", requests: 1 });
});

it("a push with TLS trusts only the CA in ca_file", async () => {
  const [files, other] = [certificate("own"), certificate("other")];
  writeFileSync(join(root, "secrets/web-ca.crt"), files.crt);
  writeFileSync(join(root, "secrets/ca.crt"), other.crt);
  const manifest = { ...HTTPS, ca_file: "secrets/web-ca.crt" };
  expect(await pushedTo(files, manifest)).toEqual({ failure: "", requests: 1 });
  expect((await pushedTo(other, manifest)).failure).toContain("signed by a CA that is not trusted");
});

it("a push to a server with an untrusted or wrong certificate sends no request, and reports why", async () => {
  const unknown = await pushedTo(certificate("unknown"), HTTPS);
  expect(unknown).toEqual({
    failure: "its certificate is signed by a CA that is not trusted: name it as ca_file in its manifest",
    requests: 0,
  });
  const files = certificate("elsewhere", "127.0.0.9");
  writeFileSync(join(root, "secrets/ca.crt"), files.crt);
  expect(await pushedTo(files, HTTPS)).toEqual({
    failure: "its certificate is not valid for this address",
    requests: 0,
  });
});

it("a push with TLS to a server without TLS names the key to change", async () => {
  expect(await pushedTo(undefined, HTTPS)).toEqual({
    failure: "it does not speak TLS: set scheme to http in its manifest",
    requests: 0,
  });
});

it("a push names a CA that cannot be read", async () => {
  const { failure } = await pushedTo(certificate("own"), { ...HTTPS, ca_file: "secrets/none.crt" });
  expect(failure).toContain(`Prometheus of job prometheus: the CA ${root}/secrets/none.crt cannot be read`);
});
