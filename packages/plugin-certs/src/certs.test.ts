import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMaandError } from "@maand/core";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { makeAuthority } from "./authority.test.support.ts";
import { certs } from "./certs.ts";
import { described, givenAuthority, verify } from "./openssl.test.support.ts";

const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const START = new Date("2027-01-01T12:00:00.250Z");
const DAY = 86_400_000;
const HOUR = 3_600_000;

let bucket: TestBucket;
let now: Date;

beforeEach(() => {
  now = START;
  bucket = aBucket({ plugins: [certs({ caKey: "ecdsa-p256" })], now: () => now });
  onTestFinished(() => bucket.dispose());
  conf('certs_key = "ecdsa-p256"');
  bucket.workers(A, B);
});

function conf(...lines: readonly string[]): void {
  writeFileSync(join(bucket.root, "maand.conf"), ['transport = "fake"', ...lines, ""].join("\n"));
}

/** Writes a job on every worker. */
function job(entries: Readonly<Record<string, unknown>>, name = "api"): void {
  bucket.job(name, { version: "1.0.0", selectors: ["worker"], certs: entries });
}

async function opened<T>(work: (maand: Awaited<ReturnType<TestBucket["open"]>>) => T): Promise<T> {
  const maand = await bucket.open();
  try {
    return work(maand);
  } finally {
    maand.close();
  }
}

/** Everything stored under `certs/` by `host key`, of one job. */
function stored(name = "api", hosts: readonly string[] = [A, B, C]): Promise<Record<string, string>> {
  return opened(({ kv }) =>
    Object.fromEntries(
      hosts.flatMap((host) => {
        const namespace = `maand/job/${name}/worker/${host}`;
        const keys = kv.keys(namespace).filter((key) => key.startsWith("certs/"));
        return keys.map((key) => [`${host} ${key.slice("certs/".length)}`, kv.find(namespace, key) ?? ""]);
      }),
    ),
  );
}

/** The differences between two states of the store. */
function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => before[key] !== after[key]).sort();
}

async function changedBy(change: () => void, name?: string): Promise<string[]> {
  const before = await stored(name);
  change();
  await bucket.build();
  return changed(before, await stored(name));
}

async function certificate(host: string, name: string): Promise<X509Certificate> {
  return new X509Certificate((await stored())[`${host} ${name}.crt`] ?? "");
}

const ca = () => readFileSync(join(bucket.root, "secrets/ca.crt"), "utf8");
const corrupt = (key: string, value: string) => opened(({ kv }) => kv.put(`maand/job/api/worker/${A}`, key, value));

describe("a first build", () => {
  it("creates the CA if it is missing, and publishes it for jobs without certificates too", async () => {
    bucket.job("api", { selectors: ["worker"] });
    await bucket.build();
    expect(await opened(({ kv }) => kv.find("maand/worker", "certs/ca.crt"))).toBe(ca());
    expect(await stored()).toEqual({});
  });

  it("creates a valid pair for each allocation, including disabled allocations", async () => {
    bucket.disable({ jobs: { api: { allocations: [B] } } });
    job({ web: { subject: { common_name: "api.example", alt_names: ["api.example", "fe80::1"] } } });
    await bucket.build();
    const pairs = await stored();
    expect(Object.keys(pairs)).toEqual([A, B].flatMap((host) => [`${host} web.crt`, `${host} web.key`]));
    for (const [host, other] of [
      [A, B],
      [B, A],
    ] as const) {
      const crt = pairs[`${host} web.crt`] ?? "";
      for (const purpose of ["sslserver", "sslclient"]) verify(ca(), crt, now, "-purpose", purpose);
      for (const ip of [host, "127.0.0.1", "fe80::1"]) verify(ca(), crt, now, "-verify_ip", ip);
      for (const name of ["api.example", "localhost"]) verify(ca(), crt, now, "-verify_hostname", name);
      expect(() => verify(ca(), crt, now, "-verify_ip", other)).toThrow("IP address mismatch");
      expect(new X509Certificate(crt).checkPrivateKey(createPrivateKey(pairs[`${host} web.key`] ?? ""))).toBe(true);
    }
    expect(changed(pairs, {})).toHaveLength(new Set(Object.values(pairs)).size);
  });

  it("accepts workers with DNS names and IPv6 addresses, including in the next build", async () => {
    bucket.workers("localhost", "DB-1.Example", "2001:DB8::A");
    job({ web: {}, all: { one: true } });
    await bucket.build();
    const hosts = ["localhost", "db-1.example", "2001:db8::a"];
    const before = await stored("api", hosts);
    verify(ca(), before["db-1.example web.crt"] ?? "", now, "-verify_hostname", "db-1.example");
    verify(ca(), before["2001:db8::a web.crt"] ?? "", now, "-verify_ip", "2001:db8::a");
    verify(ca(), before["localhost all.crt"] ?? "", now, "-verify_ip", "2001:db8::a");
    await bucket.build();
    expect(await stored("api", hosts)).toEqual(before);
  });

  it.each([
    ["rsa-2048", false, "RSA PRIVATE KEY", "Public-Key: (2048 bit)"],
    ["rsa-2048", true, "PRIVATE KEY", "Public-Key: (2048 bit)"],
    ["rsa-4096", false, "RSA PRIVATE KEY", "Public-Key: (4096 bit)"],
    ["ecdsa-p256", false, "EC PRIVATE KEY", "NIST CURVE: P-256"],
    ["ecdsa-p256", true, "PRIVATE KEY", "NIST CURVE: P-256"],
  ] as const)("creates %s keys (PKCS#8: %s)", async (kind, pkcs8, label, expected) => {
    conf(`certs_key = "${kind}"`);
    bucket.workers(A);
    job({ web: { pkcs8 } });
    await bucket.build();
    const pairs = await stored();
    expect(pairs[`${A} web.key`]).toMatch(
      new RegExp(`^-----BEGIN ${label}-----\n[\\s\\S]+\n-----END ${label}-----\n$`),
    );
    expect(described(pairs[`${A} web.crt`] ?? "")).toContain(expected);
    verify(ca(), pairs[`${A} web.crt`] ?? "", now);
  });

  it("issues a certificate for the job's name, the worker's address and localhost, for server and client", async () => {
    conf('certs_key = "rsa-2048"', "certs_ttl = 90");
    bucket.workers(A);
    job({ web: {} });
    await bucket.build();
    const text = described((await stored())[`${A} web.crt`] ?? "");
    expect(text).toMatch(/Subject: CN ?= ?api\n/);
    expect(text.match(/Signature Algorithm: .*/g)).toEqual(Array(2).fill("Signature Algorithm: ecdsa-with-SHA256"));
    expect(text).toMatch(/Not Before: Jan {2}1 11:00:00 2027 GMT\s+Not After : Apr {2}1 12:00:00 2027 GMT/);
    expect(text).toMatch(/Basic Constraints: critical\n\s+CA:FALSE\n/);
    expect(text).toMatch(/X509v3 Key Usage: critical\n\s+Digital Signature, Key Encipherment\n/);
    expect(text).toMatch(/Extended Key Usage: \n\s+TLS Web Server Authentication, TLS Web Client Authentication\n/);
    expect(text).toMatch(/Alternative Name: \n\s+IP Address:127.0.0.1, DNS:localhost, IP Address:10.0.0.1\n/);
    expect(text).toMatch(/Serial Number:\s+([0-9a-f]{2}:){13,16}/);
    const [, own] = /Subject Key Identifier: \n\s+(\S+)/.exec(text) ?? [];
    const [, authority] = /Authority Key Identifier: \n\s+(?:keyid:)?(\S+)/.exec(text) ?? [];
    expect(described(ca())).toContain(authority);
    expect(own).toMatch(/^([0-9A-F]{2}:)+[0-9A-F]{2}$/);
    expect(own).not.toBe(authority);
  });

  it("encrypts private keys, and emits none of them in an event", async () => {
    job({ web: {} });
    await bucket.ship();
    const raw = await opened(({ store }) => store.kv.namespace(`maand/job/api/worker/${A}`));
    expect(raw.find(({ key }) => key === "certs/web.key")?.value).toMatch(/^enc:v1:/);
    expect(raw.find(({ key }) => key === "certs/web.crt")?.value).toMatch(
      /^-----BEGIN CERTIFICATE-----[\s\S]+-----\n$/,
    );
    expect(JSON.stringify(bucket.events)).not.toContain("PRIVATE KEY");
    expect(readFileSync(join(bucket.root, "data/maand.db"), "latin1")).not.toContain("PRIVATE KEY");
  });

  it("is refused for an over-committed worker before it creates a key", async () => {
    bucket.workers({ host: A, memory: "1 GB" });
    bucket.job("api", {
      selectors: ["worker"],
      certs: { web: {} },
      resources: { memory: { min: "2 GB", max: "2 GB" } },
    });
    await expect(bucket.build()).rejects.toMatchObject({ code: "PROBLEMS" });
    expect(existsSync(join(bucket.root, "secrets/ca.key"))).toBe(false);
  });

  it("stops if it is interrupted, and stores nothing", async () => {
    const ended = aBucket({ plugins: [certs({ caKey: "ecdsa-p256" })], signal: AbortSignal.abort() });
    onTestFinished(() => ended.dispose());
    ended.workers(A);
    ended.job("api", { selectors: ["worker"], certs: { web: {} } });
    await expect(ended.build()).rejects.toMatchObject({ code: "INTERRUPTED" });
    const maand = await ended.open();
    expect(maand.store.catalog.read().jobs).toEqual([]);
    maand.close();
  });
});

describe("a later build", () => {
  beforeEach(async () => {
    job({ web: {}, db: { subject: { common_name: "db", alt_names: ["db.example"] } }, all: { one: true } });
    await bucket.build();
  });

  it("creates no certificate and prints nothing if nothing changed", async () => {
    const versions = () => opened(({ store }) => store.kv.namespace(`maand/job/api/worker/${A}`));
    const [before, printed] = [await versions(), bucket.events.length];
    now = new Date(START.getTime() + DAY);
    expect(await changedBy(() => undefined)).toEqual([]);
    expect(await versions()).toEqual(before);
    expect(bucket.events.slice(printed)).toEqual([]);
  });

  it("issues certificates for a new worker, reissues shared certificates, and keeps all others", async () => {
    expect(await changedBy(() => bucket.workers(A, B, C))).toEqual([
      ...[A, B].flatMap((host) => [`${host} all.crt`, `${host} all.key`]),
      ...["all.crt", "all.key", "db.crt", "db.key", "web.crt", "web.key"].map((file) => `${C} ${file}`),
    ]);
    const after = await stored();
    expect(new Set([A, B, C].map((host) => after[`${host} all.crt`])).size).toBe(1);
    for (const host of [A, B, C]) verify(ca(), after[`${A} all.crt`] ?? "", now, "-verify_ip", host);
  });

  it("keeps a shared certificate if a worker is removed and added again", async () => {
    const before = await stored();
    await changedBy(() => bucket.workers(A));
    const alone = await stored("api", [A]);
    expect(changed(await stored(), alone)).toEqual([]);
    expect(alone[`${A} all.crt`]).toBe(before[`${A} all.crt`]);
    await changedBy(() => bucket.workers(A, B));
    expect((await stored())[`${B} all.crt`]).toBe(before[`${A} all.crt`]);
  });

  const entries: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "the common name": { subject: { common_name: "db2", alt_names: ["db.example"] } },
    "an added alternative name": { subject: { common_name: "db", alt_names: ["db.example", "db2.example"] } },
    "a removed alternative name": { subject: { common_name: "db" } },
    "the format of the key": { pkcs8: true, subject: { common_name: "db", alt_names: ["db.example"] } },
    "a shared certificate": { one: true, subject: { common_name: "db", alt_names: ["db.example"] } },
  };

  it.each(Object.entries(entries))("reissues only the certificates of a changed entry: %s", async (_, db) => {
    const pairs = [A, B].flatMap((host) => [`${host} db.crt`, `${host} db.key`]);
    expect(await changedBy(() => job({ web: {}, db, all: { one: true } }))).toEqual(pairs);
    expect(await changedBy(() => undefined)).toEqual([]);
  });

  it("reissues a shared certificate without the removed alternative name", async () => {
    const shared = (altNames: readonly string[]) => job({ all: { one: true, subject: { alt_names: altNames } } });
    await changedBy(() => shared(["x.example"]));
    expect(await changedBy(() => shared([]))).toEqual([A, B].flatMap((host) => [`${host} all.crt`, `${host} all.key`]));
  });

  it("issues one certificate per allocation if an entry is no longer shared", async () => {
    expect(await changedBy(() => job({ web: {}, db: entries["a removed alternative name"], all: {} }))).toContain(
      `${A} all.crt`,
    );
    const after = await stored();
    expect(after[`${A} all.crt`]).not.toBe(after[`${B} all.crt`]);
    const reasons = bucket.events
      .map((event) => JSON.stringify(event))
      .filter((text) => text.includes('\\"all\\" of api'));
    expect(reasons.at(-1)).toContain("(its entry in the manifest changed)");
  });

  it("uses the new kind of key only for new certificates", async () => {
    conf('certs_key = "rsa-2048"');
    expect(await changedBy(() => bucket.workers(A, B))).toEqual([]);
    await changedBy(() => job({ web: {}, fresh: {} }));
    expect((await certificate(A, "fresh")).publicKey.asymmetricKeyType).toBe("rsa");
    expect((await certificate(A, "web")).publicKey.asymmetricKeyType).toBe("ec");
  });

  it("deletes the certificates of removed entries", async () => {
    await changedBy(() => job({ web: {} }));
    expect(Object.keys(await stored())).toEqual([A, B].flatMap((host) => [`${host} web.crt`, `${host} web.key`]));
    await changedBy(() => bucket.job("api", { selectors: ["worker"] }));
    expect(await stored()).toEqual({});
  });

  it.each([
    ["certs/web.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["certs/web.crt", "nonsense"],
    ["certs/web.key", "nonsense"],
  ])("replaces a damaged %s", async (key, value) => {
    await corrupt(key, value);
    expect(await changedBy(() => undefined)).toEqual([`${A} web.crt`, `${A} web.key`]);
  });

  it("replaces a pair whose key does not match", async () => {
    const other = (await stored())[`${B} web.key`] ?? "";
    await corrupt("certs/web.key", other);
    expect(await changedBy(() => undefined)).toEqual([`${A} web.crt`, `${A} web.key`]);
  });

  it("restores a shared certificate from another worker", async () => {
    const before = await stored();
    await corrupt("certs/all.key", "nonsense");
    expect(await changedBy(() => undefined)).toEqual([`${A} all.key`]);
    expect(await stored()).toEqual(before);
  });

  it("replaces all certificates if the CA changes, but not if the CA certificate is renewed with the same key", async () => {
    const before = await stored();
    const given = givenAuthority({ subject: "/C=DE/O=Büro/CN=root" });
    now = new Date(Math.max(Date.now(), START.getTime()));
    writeFileSync(join(bucket.root, "secrets/ca.crt"), given.crt);
    await expect(bucket.build()).rejects.toMatchObject({ problems: [{ where: "secrets/ca.key" }] });
    expect(await stored()).toEqual(before);
    writeFileSync(join(bucket.root, "secrets/ca.key"), given.key);
    expect(await changedBy(() => undefined)).toEqual(Object.keys(before).sort());
    const after = await stored();
    verify(ca(), after[`${A} web.crt`] ?? "", now);
    const again = givenAuthority({ subject: "/C=DE/O=Büro/CN=root", sameKey: given.key });
    expect(again.crt).not.toBe(given.crt);
    writeFileSync(join(bucket.root, "secrets/ca.crt"), again.crt);
    expect(await changedBy(() => undefined)).toEqual([]);
    verify(again.crt, after[`${A} web.crt`] ?? "", now);
  });
});

describe("the validity period", () => {
  beforeEach(async () => {
    conf('certs_key = "ecdsa-p256"', "certs_ttl = 60", "certs_renewal_buffer = 10");
    bucket.workers(A);
    job({ web: {} });
    await bucket.build();
  });

  const at = (ms: number) => {
    now = new Date(START.getTime() - 250 + ms);
  };

  it("a certificate is renewed once, at the start of its renewal window", async () => {
    expect(await changedBy(() => at(50 * DAY - 1))).toEqual([]);
    expect(await changedBy(() => at(50 * DAY))).toEqual([`${A} web.crt`, `${A} web.key`]);
    expect(await changedBy(() => at(51 * DAY))).toEqual([]);
    expect((await certificate(A, "web")).validTo).toBe("Apr 21 12:00:00 2027 GMT");
    expect(JSON.stringify(bucket.events.at(-1))).toContain("issued for 1 of 1 worker (it expires soon)");
  });

  it.each([[], ["certs_renewal_buffer = 0"]])(
    "a certificate is renewed in the last quarter of its lifetime without a renewal window (%s)",
    async (...buffer) => {
      conf('certs_key = "ecdsa-p256"', "certs_ttl = 60", ...buffer);
      const begin = 60 * DAY - (60 * DAY + HOUR) / 4;
      expect(await changedBy(() => at(begin - 1))).toEqual([]);
      expect(await changedBy(() => at(begin))).toHaveLength(2);
      expect(await changedBy(() => at(begin + DAY))).toEqual([]);
    },
  );

  it("a certificate that is not valid yet is replaced", async () => {
    expect(await changedBy(() => at(400 * DAY))).toHaveLength(2);
    expect(await changedBy(() => at(0))).toEqual([`${A} web.crt`, `${A} web.key`]);
    verify(ca(), (await stored())[`${A} web.crt`] ?? "", now);
    expect(JSON.stringify(bucket.events.at(-1))).toContain("the clock was ahead when it was issued");
    expect(await changedBy(() => undefined)).toEqual([]);
  });

  it("a new certificate and a new CA are valid on a worker whose clock is an hour behind", async () => {
    verify(ca(), (await stored())[`${A} web.crt`] ?? "", new Date(now.getTime() - HOUR + 1000));
  });

  it("a certificate is never valid before its CA", async () => {
    const young = await makeAuthority(new Date(START.getTime() - 250));
    writeFileSync(join(bucket.root, "secrets/ca.crt"), young.files.crt ?? "");
    writeFileSync(join(bucket.root, "secrets/ca.key"), young.files.key ?? "");
    await bucket.build();
    expect((await certificate(A, "web")).validFrom).toBe(new X509Certificate(ca()).validFrom);
  });

  it("a certificate is valid for 60 days by default", async () => {
    const bare = aBucket({ plugins: [certs({ caKey: "ecdsa-p256" })], now: () => now });
    onTestFinished(() => bare.dispose());
    bare.workers({ host: A, transport: "fake" });
    bare.job("api", { selectors: ["worker"], certs: { web: {} } });
    writeFileSync(join(bare.root, "maand.conf"), "");
    await bare.build();
    const maand = await bare.open();
    const crt = new X509Certificate(maand.kv.find(`maand/job/api/worker/${A}`, "certs/web.crt") ?? "");
    maand.close();
    expect(Date.parse(crt.validTo) - Date.parse(crt.validFrom)).toBe(60 * DAY + HOUR);
  });

  it("a certificate never outlives its CA, and a build warns about a CA that expires soon", async () => {
    const end = 3650 * DAY;
    at(end - 20 * DAY);
    const { problems } = await bucket.build();
    expect(problems).toMatchObject([{ code: "ca_ends", where: "secrets/ca.crt", level: "warning" }]);
    expect((await certificate(A, "web")).validTo).toBe(new X509Certificate(ca()).validTo);
    expect(await changedBy(() => at(end - 2 * DAY))).toEqual([]);
    at(end);
    await expect(bucket.build()).rejects.toMatchObject({
      problems: [{ where: "secrets/ca.crt", message: expect.stringContaining("has expired") }],
    });
    bucket.job("api", { selectors: ["worker"] });
    expect((await bucket.build()).problems).toMatchObject([{ where: "secrets/ca.crt", level: "warning" }]);
  });
});

describe("the certificate files on a worker", () => {
  it("are the certificates, their keys and the CA, and nothing else", async () => {
    job({ web: {} });
    bucket.job("plain", { selectors: ["worker"] });
    await bucket.ship();
    const pairs = await stored();
    const files = bucket.fleet.at("api", A)?.files;
    expect(files).toMatchObject({
      "certs/ca.crt": ca(),
      "certs/web.crt": pairs[`${A} web.crt`],
      "certs/web.key": pairs[`${A} web.key`],
    });
    expect(Object.keys(bucket.fleet.at("plain", A)?.files ?? {}).sort()).toEqual([
      "Makefile",
      "certs/ca.crt",
      "manifest.json",
    ]);
  });

  it("change only on workers whose certificate was renewed", async () => {
    job({ web: {} });
    await bucket.ship();
    await corrupt("certs/web.crt", "nonsense");
    bucket.fleet.done.length = 0;
    await bucket.ship();
    expect(bucket.fleet.done).toEqual([`stage ${A}`, `restart api@${A}`]);
  });

  it("are not deployed if the store lacks a key; the job fails", async () => {
    job({ web: {} });
    await bucket.build();
    await opened(({ kv }) => kv.remove(`maand/job/api/worker/${A}`, "certs/web.key"));
    const { outcome, failures } = await bucket.deploy();
    expect([outcome, failures]).toMatchObject(["failed", [{ job: "api" }]]);
    expect(bucket.fleet.done).toEqual([]);
  });
});

it("a build reports invalid entries with their keys", async () => {
  bucket.job("api", { selectors: ["worker"], certs: { "Web!": {}, ok: { pkcs8: "yes" } } });
  const refusal = await bucket.build().catch((cause: unknown) => cause);
  expect(isMaandError(refusal) ? refusal.problems.map(({ where }) => where) : refusal).toEqual([
    "workspace/jobs/api/manifest.json: certs.ok.pkcs8",
    "workspace/jobs/api/manifest.json: certs.Web!",
  ]);
});

describe("a CA key from ca_key_command", () => {
  it("signs certificates like the key in secrets/, and is never written there", async () => {
    job({ own: {} });
    await bucket.build();
    const key = join(bucket.root, "secrets/ca.key");
    const text = readFileSync(key, "utf8");
    rmSync(key);
    writeFileSync(join(bucket.root, "elsewhere"), text);
    conf('certs_key = "ecdsa-p256"', 'ca_key_command = ["cat", "elsewhere"]');
    bucket.workers(A, B, C);
    await bucket.build();
    expect((await stored())[`${C} own.crt`]).toContain("BEGIN CERTIFICATE");
    expect(existsSync(key)).toBe(false);
  });

  it("is not replaced by a new key if the command fails", async () => {
    conf('certs_key = "ecdsa-p256"', 'ca_key_command = ["false"]');
    job({ own: {} });
    await expect(bucket.build()).rejects.toMatchObject({ message: expect.stringContaining("ca_key_command (false)") });
    expect(existsSync(join(bucket.root, "secrets/ca.key"))).toBe(false);
  });
});
