import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "@maand/command/testing";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { UiTokenCommand } from "../commands/token.ts";
import type { SessionAnswer } from "../contract.ts";
import { type Served, type ServedOptions, served } from "../server/served.test.support.ts";
import { listenPlan } from "./listen-options.ts";
import { Sessions } from "./sessions.ts";
import { TokenFile } from "./token-file.ts";

let directory = "";
let file = "";
const tls = { cert: "", key: "" };

beforeAll(() => {
  const keys = mkdtempSync(join(tmpdir(), "maand-ui-tls-"));
  Object.assign(tls, { cert: join(keys, "ui.crt"), key: join(keys, "ui.key") });
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-keyout", tls.key, "-out", tls.cert, "-subj", "/CN=maand"],
      ...["-addext", "subjectAltName=DNS:maand.example.com,DNS:*.example.org,IP:10.9.9.9"],
    ],
    { stdio: "ignore" },
  );
  return () => rmSync(keys, { recursive: true, force: true });
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-ui-tokens-"));
  file = join(directory, "tokens.json");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs `maand ui token`; returns what it prints. */
async function token(...argv: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await runCommand(UiTokenCommand, ["ui", "token", ...argv, "--tokens", file], {
    cwd: directory,
  });
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

const servers: Served[] = [];
afterEach(async () => {
  for (const one of servers.splice(0)) await one.close();
});
async function serve(options: ServedOptions): Promise<Served> {
  const made = await served(options);
  servers.push(made);
  return made;
}

describe("a token", () => {
  it("is printed when it is created, and only its hash is stored, in a file that only its owner can read", async () => {
    const secret = await token("ann", "--allow", "deploy,rollback");
    expect(secret).toMatch(/^maand_[\w-]{43}$/);
    expect(readFileSync(file, "utf8")).not.toContain(secret.slice(6));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(new TokenFile(file).personOf(secret)).toEqual({ name: "ann", allow: ["deploy", "rollback"], byToken: true });
    for (const wrong of ["", secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), "maand_"])
      expect(new TokenFile(file).personOf(wrong)).toBeUndefined();
  });

  it("replaces an earlier token of the same name, and is invalid once it is revoked", async () => {
    const [first, second] = [await token("ann"), await token("ann")];
    await token("ben");
    const tokens = new TokenFile(file);
    expect([tokens.personOf(first), tokens.personOf(second)?.name]).toEqual([undefined, "ann"]);
    await token("ann", "--remove");
    expect(tokens.personOf(second)).toBeUndefined();
    await expect(token("ann", "--remove")).rejects.toThrow("has no token of ann");
  });

  it.each([["--allow", "shell"], ["../x"], [""]])("cannot be created with %j", async (...argv) => {
    await expect(token(...(argv[0] === "--allow" ? ["ann"] : []), ...argv)).rejects.toThrow(
      /cannot be allowed|is not a name/,
    );
  });

  it.each([
    ["that other users can read", () => chmodSync(file, 0o640), /other users can read/],
    ["that is a link", () => [rmSync(file), symlinkSync("/etc/passwd", file)], /not a regular file/],
    ["that is not JSON", () => writeFileSync(file, "x"), /not JSON/],
    ["without tokens", () => writeFileSync(file, '{"tokens":[]}'), /has no token/],
    [
      "with an invalid hash",
      () => writeFileSync(file, '{"tokens":[{"name":"a","sha256":"x","allow":[]}]}'),
      /no valid "sha256"/,
    ],
    [
      "that allows everything",
      () => writeFileSync(file, `{"tokens":[{"name":"a","sha256":"${"0".repeat(64)}","allow":["*"]}]}`),
      /cannot be allowed/,
    ],
    ["that does not exist", () => rmSync(file), /has no token/],
  ])("is not read from a file %s", async (_, change, message) => {
    await token("ann");
    change();
    expect(() => new TokenFile(file)).toThrow(message);
  });
});

describe("a server with TLS and tokens", () => {
  it("accepts a token until it is revoked, with the permissions that both the server and the token grant", async () => {
    const secret = await token("ann", "--allow", "deploy,maintain");
    const page = await serve({ tokens: file, tls, listen: "127.0.0.2:0", allow: ["deploy", "rollback"] });
    expect([page.ui.openUrl, page.ui.openFile]).toEqual([undefined, undefined]);
    await expect(page.login("x")).rejects.toThrow("401");
    const browser = await page.login(secret);
    expect([browser.session.user, browser.session.allow]).toEqual(["ann", ["deploy"]]);
    expect(browser.cookie).toMatch(/^__Host-maand-ui-\d+=/);
    await token("ann", "--remove");
    await token("ben");
    expect((await browser.get("/api/session")).status).toBe(401);
    await token("ann");
    expect((await browser.get("/api/session")).status).toBe(401); // its session has ended
  });

  it("applies a change of a token's permissions immediately", async () => {
    const secret = await token("ann", "--allow", "deploy");
    const page = await serve({ tokens: file, tls, listen: "127.0.0.2:0", allow: ["deploy"] });
    const browser = await page.login(secret);
    const stored = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ tokens: [{ ...stored.tokens[0], allow: [] }] }));
    expect((await browser.read<SessionAnswer>("/api/session")).allow).toEqual([]);
    expect((await browser.post("/api/actions", { verb: "deploy", plan: "0".repeat(64) })).status).toBe(403);
  });

  it("accepts only the host names of its certificate and configuration", async () => {
    await token("ann");
    const page = await serve({ tokens: file, tls, listen: "127.0.0.2:0", hosts: ["other.example"] });
    const status = async (name: string) =>
      (await page.send({ path: "/", headers: { host: `${name}:${page.ui.port}` } })).status;
    for (const name of [
      "maand.example.com",
      "MAAND.example.com",
      "10.9.9.9",
      "other.example",
      "127.0.0.2",
      "localhost",
    ])
      expect([name, await status(name)]).toEqual([name, 200]);
    for (const name of ["x.example.org", "example.org", "evil.example", "127.0.0.1"])
      expect([name, await status(name)]).toEqual([name, 421]);
  });
});

describe("the address of a server", () => {
  const none = { port: undefined, tlsCert: undefined, tlsKey: undefined, tokens: undefined, hosts: [] };

  it("requires TLS and tokens if other machines can reach it", () => {
    for (const listen of ["10.0.0.5:8443", "0.0.0.0:8443", "[::]:8443", "192.168.1.2:0"]) {
      expect(() => listenPlan({ ...none, listen })).toThrow(/needs TLS and tokens/);
      expect(() => listenPlan({ ...none, listen, tokens: "t" })).toThrow(/needs TLS and tokens/);
      expect(() => listenPlan({ ...none, listen, tlsCert: tls.cert, tlsKey: tls.key })).toThrow(/needs TLS and tokens/);
    }
  });

  it.each(["10.0.0.5", "host.example:1", "127.0.0.1:99999", ":80", "::1:80", "127.0.0.1:x", "1.2.3:80"])(
    "cannot be %s",
    (listen) => {
      expect(() => listenPlan({ ...none, listen })).toThrow(/takes an address and a port|is not a port/);
    },
  );

  it("is 127.0.0.1 and any free port by default", () => {
    expect(listenPlan({ ...none, listen: undefined })).toMatchObject({ address: "127.0.0.1", port: 0, tls: undefined });
    expect(listenPlan({ ...none, listen: "[::1]:80" }).names).toEqual(["::1", "localhost"]);
  });
});

describe("sessions", () => {
  let now = 0;
  const person = { name: "ann", allow: [] };

  it("are not opened by expired codes", () => {
    const sessions = new Sessions(() => now);
    const code = sessions.newCode(person);
    now += 15 * 60_000 + 1;
    expect(sessions.redeem(code)).toBeUndefined();
  });

  it("end after half a day without a request", () => {
    const sessions = new Sessions(() => now);
    const cookie = sessions.begin(person);
    now += 12 * 3_600_000;
    expect(sessions.find(cookie)?.person).toBe(person);
    now += 12 * 3_600_000 + 1;
    expect(sessions.find(cookie)).toBeUndefined();
  });

  it("are limited to 64; a new session ends the least recently used session", () => {
    const sessions = new Sessions(() => now);
    const [first, second] = [sessions.begin(person), sessions.begin(person)];
    now += 1;
    sessions.find(first);
    for (let count = 2; count < 65; count += 1) sessions.begin(person);
    expect([sessions.find(first) !== undefined, sessions.find(second)]).toEqual([true, undefined]);
  });
});
