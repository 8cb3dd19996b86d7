import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSshConfig } from "./ssh-config.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ssh-config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function settingsOf(host: string, text: string) {
  const path = join(directory, "config");
  writeFileSync(path, text);
  return (await readSshConfig(path))(host);
}

test("a missing file says nothing", async () => {
  expect((await readSshConfig(join(directory, "none")))("web")).toEqual({ identityFiles: [] });
});

test("keys are told whatever their case; the first word on a thing stands; patterns match", async () => {
  const text =
    "Host web*\n  hostname %h.internal\n  PORT 2201\n  User a\nHost web1\n  User b\n  IdentityFile ~/.ssh/x\n";
  expect(await settingsOf("web1", text)).toEqual({
    hostName: "web1.internal",
    port: 2201,
    user: "a",
    identityFiles: [join(homedir(), ".ssh/x")],
  });
  expect(await settingsOf("db", text)).toEqual({ identityFiles: [] });
});

test("what is said of every machine is left out, and nothing is executed", async () => {
  const ran = join(directory, "ran");
  const text = `User first\nHost *\n  User all\n  Port 1\nMatch exec "touch ${ran}"\n  User matched\nHost web\n  Port 2\n`;
  expect(await settingsOf("web", text)).toEqual({ port: 2, identityFiles: [] });
  await expect(readSshConfig(ran)).resolves.toBeTypeOf("function");
  expect(await settingsOf("web", text)).not.toHaveProperty("user");
});

test("included files count, with a pattern in their name too; jump hosts; several keys; none", async () => {
  mkdirSync(join(directory, "conf.d"));
  writeFileSync(join(directory, "conf.d", "a.conf"), "Host web\n  IdentityFile /k/1\n  IdentityFile /k/2\n");
  writeFileSync(join(directory, "conf.d", "b.conf"), "Host web\n  ProxyJump gate\n");
  const text = "Include conf.d/*.conf\nHost db\n  ProxyJump none\n  IdentityFile none\n";
  expect(await settingsOf("web", text)).toEqual({ proxyJump: "gate", identityFiles: ["/k/1", "/k/2"] });
  expect(await settingsOf("db", text)).toEqual({ identityFiles: [] });
});
