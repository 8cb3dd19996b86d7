import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { changeCommand, changeScript } from "./apply-changes.ts";
import { sshCommand } from "./login-session.ts";
import { commandsByHand } from "./print-commands.ts";
import { checkCommand, type Lacks, lacksInWords, readLacks } from "./worker-state.ts";

const WANTED = { user: "agent", publicKey: "ssh-ed25519 AAAA", sudo: true };
const NOTHING: Lacks = { account: false, key: false, sudoRule: false, tools: [], manager: "apt-get" };

describe("the list of what a worker lacks", () => {
  it("contains every item for a user that does not exist", () => {
    const text = "lacks rsync\nlacks sudo\nmanager dnf\nend\n";
    const lacks = readLacks(text, WANTED);
    expect(lacks).toEqual({ account: true, key: true, sudoRule: true, tools: ["rsync", "sudo"], manager: "dnf" });
    expect(lacks && lacksInWords(lacks, WANTED)).toEqual([
      "create user agent",
      "add the public key for agent",
      "allow agent to use sudo without a password",
      "install rsync, sudo with dnf",
    ]);
  });

  it("is empty for a prepared worker, and unknown if the output was truncated", () => {
    const text = "account yes\nkey yes\nsudo yes\nmanager apt-get\nend\n";
    expect(readLacks(text, WANTED)).toEqual(NOTHING);
    expect(readLacks(text.replace("end\n", ""), WANTED)).toBeUndefined();
    expect(readLacks("account yes\nkey yes\nend\n", { ...WANTED, sudo: false })).toMatchObject({ sudoRule: false });
  });

  it("comes from a script that runs in sh, whatever the user's name contains", () => {
    const [program = "", ...args] = checkCommand({ ...WANTED, user: "no'such $(touch x)" });
    const { stdout, status } = spawnSync(program, args, { encoding: "utf8" });
    expect(status).toBe(0);
    expect(readLacks(stdout, WANTED)).toMatchObject({ account: true, key: true });
  });
});

describe("the script that prepares a worker", () => {
  it("makes only the changes that are needed", () => {
    expect(changeScript(NOTHING)).toBe("set -e");
    expect(changeScript({ ...NOTHING, tools: ["rsync"] })).toBe(
      "set -e\napt-get -q update\napt-get -q -y --no-install-recommends install rsync",
    );
    expect(changeScript({ ...NOTHING, sudoRule: true })).toContain("visudo -cqf");
  });

  it.each([
    [{ ...NOTHING, account: true, key: true, sudoRule: true, tools: ["rsync"] }],
    [{ ...NOTHING, key: true, manager: "apk" }],
  ])("for %j can be parsed by sh", (lacks) => {
    expect(spawnSync("sh", ["-n"], { input: changeScript(lacks), encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  it("waits for apt's locks only with apt", () => {
    expect(changeCommand({ ...NOTHING, key: true }, WANTED)).toContain("/var/lib/dpkg/lock-frontend");
    expect(changeCommand({ ...NOTHING, manager: "dnf", key: true }, WANTED).slice(-3, -1)).toEqual(["sh", "-c"]);
  });
});

describe("the login that prepares a worker", () => {
  const place = { host: "10.0.0.1", port: 2222, knownHosts: "/b/secrets/known hosts" };

  it("uses ssh with pinned host keys, and never prompts without a password", () => {
    const words = sshCommand(place, { user: undefined, key: undefined, password: undefined });
    expect(words.slice(-4)).toEqual(["-p", "2222", "--", "10.0.0.1"]);
    expect(words).toContain("BatchMode=yes");
    expect(words).toContain("StrictHostKeyChecking=yes");
    expect(words).toContain('UserKnownHostsFile="/b/secrets/known hosts"');
  });

  it("never passes the password as an argument", () => {
    const words = sshCommand(place, { user: "root", key: "/k", password: "secret-word" });
    expect(words.join(" ")).not.toContain("secret-word");
    expect(words).toEqual(expect.arrayContaining(["BatchMode=no", "-i", "/k", "-l", "root"]));
  });
});

it.each([
  ["agent", true, 5],
  ["root", false, 3],
])("for the user %s (sudo: %s), %i manual commands are printed, each with a comment", (user, sudo, count) => {
  const lines = commandsByHand({ host: "10.0.0.1" }, { user, port: 22, keyFile: "/b/secrets/worker.key", sudo });
  expect(lines.filter((line) => line.startsWith("# 10.0.0.1: "))).toHaveLength(count);
  expect(lines).toHaveLength(count * 2);
  for (const line of lines) expect(spawnSync("sh", ["-n"], { input: line }).status).toBe(0);
});
