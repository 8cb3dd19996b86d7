import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HostSettings, type LookedUp, readSshConfig } from "./ssh-config.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ssh config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, ...lines: readonly string[]): string {
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

async function settingsOf(host: string, ...lines: readonly string[]): Promise<HostSettings> {
  return (await readSshConfig([write("config", ...lines)]))({ host, defaultUser: "agent" });
}

const NOTHING = { identityFiles: [], certificateFiles: [] };

test("a missing configuration file has no effect", async () => {
  const lookup = await readSshConfig([join(directory, "none"), join(directory, "none", "either")]);
  expect(lookup({ host: "web", defaultUser: "agent" })).toEqual(NOTHING);
});

test("the first file that sets a value wins", async () => {
  const user = write("user", "Host web", "  Port 1");
  const system = write("system", "Host web", "  Port 2", "  User sys");
  const lookup = await readSshConfig([user, system]);
  expect(lookup({ host: "web", defaultUser: "agent" })).toMatchObject({ port: 1, user: "sys" });
});

test("blocks for all machines are ignored", async () => {
  const general = [
    "User first",
    "Host *",
    "  User all",
    "  Port 1",
    "Match all",
    "  Port 3",
    "Match host *",
    "  Port 4",
  ];
  expect(await settingsOf("web", ...general, "Match user agent", "  Port 5")).toEqual(NOTHING);
  expect(await settingsOf("web", ...general, "Host web", "  Port 2")).toEqual({ ...NOTHING, port: 2 });
});

test("nothing is executed, and a block that depends on a program does not match", async () => {
  const ran = join(directory, "ran");
  const exec = (match: string) => [`Match host web ${match}`, "  User matched"];
  const lines = [...exec(`exec "touch '${ran}'"`), ...exec(`!exec "touch '${ran}'"`), "Host web", "  Port 2"];
  expect(await settingsOf("web", ...lines)).toEqual({ ...NOTHING, port: 2 });
  expect(existsSync(ran)).toBe(false);
});

test("a proxy command is reported but not run, and excludes a jump host", async () => {
  expect(await settingsOf("web", "Host web", "ProxyJump gate-%h")).toEqual({ ...NOTHING, proxyJump: "gate-web" });
  const command = "ProxyCommand nc %h %p";
  expect(await settingsOf("web", "Host web", command)).toEqual({ ...NOTHING, proxyCommand: "nc %h %p" });
  expect(await settingsOf("web", "Host web", "ProxyJump gate", command)).toEqual({ ...NOTHING, proxyJump: "gate" });
  expect(await settingsOf("web", "Host web", command, "ProxyJump gate")).not.toHaveProperty("proxyJump");
  for (const none of ["none", "NONE", "None"])
    expect(await settingsOf("web", "Host web", `ProxyJump ${none}`, "ProxyJump gate")).toEqual(NOTHING);
});

test("paths of keys and certificates are expanded, without duplicates and without the value none", async () => {
  const keys = ["~/.ssh/x", "y-%n-%h", "%d/z", "\x24{HOME}/v", "~/.ssh/x", "none"].map(
    (path) => `IdentityFile ${path}`,
  );
  const lines = ["Host web", "HostName web.internal", ...keys, "CertificateFile ~/c.pub"];
  expect(await settingsOf("web", ...lines)).toMatchObject({
    identityFiles: [
      join(homedir(), ".ssh/x"),
      join(homedir(), ".ssh/y-web-web.internal"),
      join(homedir(), "z"),
      join(process.env.HOME ?? "", "v"),
    ],
    certificateFiles: [join(homedir(), "c.pub")],
  });
});

describe("included files", () => {
  const port = (number: number) => ["Host web", `  Port ${number}`];

  test("are found by relative path, by quoted path, and by pattern, except hidden files", async () => {
    write("team a/one.conf", "Host one", "  Port 1");
    write("teams/x/two.conf", "Host two", "  Port 2");
    write("teams/y/three.conf", "Host three", "  Port 3");
    write("teams/.hidden/four.conf", "Host four", "  Port 4");
    const path = write(
      "config",
      'Include "team a/one.conf" teams/*/t[a-z]*.conf teams/*/none',
      "Include teams/*/four.conf",
    );
    const lookup = await readSshConfig([path]);
    const ports = ["one", "two", "three", "four"].map((host) => lookup({ host, defaultUser: "agent" }).port);
    expect(ports).toEqual([1, 2, 3, undefined]);
  });

  test("apply only if the surrounding block matches", async () => {
    write("bare.conf", "Port 7");
    expect(await settingsOf("web", "Host web", "  Include bare.conf")).toMatchObject({ port: 7 });
    expect(await settingsOf("db", "Host web", "  Include bare.conf")).toEqual(NOTHING);
    write("blocks.conf", ...port(8), "Host *", "  User any");
    expect(await settingsOf("web", "Match originalhost web", "  Include blocks.conf", "  User after")).toMatchObject({
      port: 8,
      user: "any",
    });
    expect(await settingsOf("web", "Host db", "  Include blocks.conf")).toEqual(NOTHING);
    expect(await settingsOf("web", "Include bare.conf")).toEqual(NOTHING);
  });

  test("may include further files, and a cycle ends", async () => {
    write("a.conf", "Include b.conf");
    write("b.conf", "Include *.conf", ...port(9));
    expect(await settingsOf("web", "Include a.conf")).toMatchObject({ port: 9 });
    for (let at = 0; at < 40; at++) write(`loop/${at}.conf`, "Include loop/*.conf", "Host web", `  Port ${at + 1}`);
    expect(await settingsOf("web", "Include loop/*.conf")).toMatchObject({ port: expect.any(Number) });
  });
});

describe.skipIf(spawnSync("ssh", ["-V"]).error !== undefined)("the result of OpenSSH", () => {
  /** The output of `ssh -G`, in the format of maand. */
  function opensshReads(path: string, { host, user }: LookedUp): Partial<HostSettings> {
    const options = user === undefined ? [] : ["-l", user];
    const rows = execFileSync("ssh", ["-G", "-F", path, ...options, "--", host], {
      stdio: ["ignore", "pipe", "ignore"],
    })
      .toString()
      .split("\n")
      .map((row) => [row.slice(0, row.indexOf(" ")), row.slice(row.indexOf(" ") + 1)]);
    const all = (key: string) => rows.filter(([name]) => name === key).map(([, value = ""]) => value);
    const [proxyJump] = all("proxyjump");
    return {
      hostName: all("hostname")[0] ?? "",
      port: Number(all("port")[0]),
      user: all("user")[0] ?? "",
      ...(proxyJump !== undefined && proxyJump !== "none" && { proxyJump }),
      identityFiles: all("identityfile").filter((file) => file.startsWith("/")),
    };
  }

  /** The result of maand, with OpenSSH's defaults. */
  async function weRead(path: string, wanted: LookedUp): Promise<Partial<HostSettings>> {
    const { certificateFiles: _, hostName, port, user, ...rest } = (await readSshConfig([path]))(wanted);
    return {
      hostName: hostName ?? wanted.host,
      port: port ?? 22,
      user: wanted.user ?? user ?? wanted.defaultUser,
      ...rest,
    };
  }

  const defaultUser = userInfo().username;

  test.each<[string, string[]]>([
    [
      "forms of a line",
      ["host web", "\tPORT=2201", ' hostname = "web.internal"', "User ops # who", "IdentityFile /k/1"],
    ],
    ["patterns", ["Host w?b !web2", "Port 1", "Host web*", "Port 2", "User a", "Host !web *b", "User b"]],
    ["a negated pattern rules a block out", ["Host web* !web", "Port 1", "Host web", "Port 2"]],
    ["several keys", ["Host web", "IdentityFile /k/1", "IdentityFile /k/3", "Host w*", "IdentityFile /k/2"]],
    ["tokens of names", ["Host web", "HostName %h.example.org", "Match host web.example.org", "Port 7"]],
    ["Match host sees the name that was set", ["Host web", "HostName w1", "Match host w1", "Port 7"]],
    ["Match originalhost sees the name as given", ["Host web", "HostName w1", "Match originalhost web", "Port 7"]],
    [
      "Match with lists and negation",
      ['Match host "db,web*" !user root', "Port 7", "Match !host db host web", "User x"],
    ],
    ["Match user", ["Match host web user ops", "Port 7", `Match host web user ${defaultUser}`, "Port 8"]],
    ["Match localuser", [`Match localuser ${defaultUser} host web`, "Port 7"]],
    ["Match final", ["Match final host web.internal", "Port 7", "Host web", "HostName web.internal", "User a"]],
    ["Match canonical without canonical names", ["Match canonical host web", "Port 7"]],
    ["ProxyJump NONE", ["Host web", "ProxyJump NONE"]],
    ["quotes within a word", ['Host "web"', 'IdentityFile "/k/a b"', "IdentityFile /k/'c d'"]],
    ["comments and empty lines", ["# Host web", "", "   ", "Host web", "  # Port 1", "  Port 2"]],
  ])("equals the result of maand: %s", async (_, lines) => {
    const path = write("config", ...lines);
    for (const host of ["web", "web2", "db"])
      for (const user of [undefined, "ops"]) {
        const wanted = { host, defaultUser, ...(user && { user }) };
        expect(await weRead(path, wanted)).toEqual(opensshReads(path, wanted));
      }
  });

  const name = fc.constantFrom("a", "b", "ab");
  const pattern = fc.constantFrom("a", "b", "a*", "?b", "!a", "!*b");
  const block = fc.oneof(
    fc.array(pattern, { minLength: 1, maxLength: 3 }).map((patterns) => `Host ${patterns.join(" ")}`),
    fc
      .tuple(
        fc.constantFrom("host", "originalhost"),
        fc.constantFrom("a", "a*,b", "!a,?*"),
        fc.constantFrom("", " user ops", " !user ops"),
      )
      .map(([criterion, list, more]) => `Match ${criterion} ${list}${more}`),
  );
  const setting = fc.oneof(
    name.map((host) => `HostName ${host}`),
    fc.integer({ min: 1, max: 9 }).map((number) => `Port ${number}`),
    fc.constantFrom("User ops", "User x", "ProxyJump gate", "ProxyJump none", "IdentityFile /k/2", "IdentityFile /k/1"),
  );

  test("equals the result of maand for any combination of blocks and files", async () => {
    const blocks = fc.array(fc.tuple(block, fc.array(setting, { maxLength: 3 })), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(blocks, blocks, fc.boolean(), name, async (outer, inner, nested, host) => {
        const text = (written: typeof outer) => written.flatMap(([head, body]) => [head, ...body]);
        const included = write("inner", ...text(inner));
        const path = write("config", ...(nested ? ["Host a*"] : []), `Include "${included}"`, ...text(outer));
        const wanted = { host, defaultUser };
        expect(await weRead(path, wanted)).toEqual(opensshReads(path, wanted));
      }),
      { numRuns: 60 },
    );
  });
});
