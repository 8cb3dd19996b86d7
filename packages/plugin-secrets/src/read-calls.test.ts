import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMaandError } from "@maand/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FakePrograms, resolve } from "./fake-program.test.support.ts";

let fakes: FakePrograms;

beforeEach(() => {
  fakes = new FakePrograms();
});

afterEach(() => fakes.dispose());

const SECRET = "sentinel-value";
const call = (entry: string) => ["pass", "show", entry];

it("the first call runs alone, and then at most five calls run at the same time", async () => {
  fakes.gate("pass", 6);
  const entries = Array.from({ length: 12 }, (_, at) => `web/${at}`);
  for (const entry of entries) fakes.answers(call(entry), { stdout: `value of ${entry}\nuser: u` });
  const texts = entries.flatMap((entry) => [`secret://pass/${entry}`, `secret://pass/${entry}#user`]);
  const read = await resolve(texts, { env: fakes.env() });
  expect(read?.size).toBe(24);
  const events = fakes
    .left("pass", "log")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(" ")[0]);
  expect(events).toHaveLength(24);
  expect(events.slice(0, 2)).toEqual(["start", "end"]);
  let [running, most] = [0, 0];
  for (const event of events) {
    running += event === "start" ? 1 : -1;
    most = Math.max(most, running);
  }
  expect(most).toBe(5);
});

it("no other call runs after the first call has failed", async () => {
  fakes.answers(call("a"), { code: 1, stderr: "locked\n" });
  fakes.answers(call("b"), { stdout: "b" });
  await expect(resolve(["secret://pass/a", "secret://pass/b"], { env: fakes.env() })).rejects.toThrow("locked");
  expect(fakes.left("pass", "log").match(/^start/gm)).toHaveLength(1);
});

it("the problems of all later calls are reported together", async () => {
  fakes.answers(call("a"), { stdout: "a" });
  for (const entry of ["b", "c"])
    fakes.answers(call(entry), { code: 1, stderr: `${entry} is not in the password store` });
  const texts = ["a", "b", "c"].map((entry) => `secret://pass/${entry}`);
  const failure: unknown = await resolve(texts, { env: fakes.env() }).catch((cause: unknown) => cause);
  if (!isMaandError(failure)) throw failure;
  expect(failure.message).toContain("2 secrets cannot be read");
  expect(failure.problems.map(({ where }) => where).sort()).toEqual(texts.slice(1));
});

it("a program that cannot be started leaves no timer behind that would keep maand running", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  for (let at = 0; at < 20; at++)
    await expect(resolve(["secret://op/a/b/c"], { env: { PATH: fakes.directory } })).rejects.toThrow("not installed");
  expect(timers()).toBeLessThan(before + 10);
});

it("no message contains a credential or a value that the program printed", async () => {
  const token = "tok-3n-sentinel";
  fakes.answers(call("a"), {
    stdout: `${SECRET}\nuser: sentinel-user`,
    stderr: `bad header "${token}"\ngot ${SECRET} of sentinel-user\n${Buffer.from(token).toString("base64")}\n`,
    code: 2,
  });
  const failure: unknown = await resolve(["secret://pass/a"], { env: fakes.env({ MY_TOKEN: token }) }).catch(
    (cause: unknown) => cause,
  );
  if (!isMaandError(failure)) throw failure;
  expect(failure.message).toContain("exited with code 2: bad header");
  expect(JSON.stringify([failure.message, failure.problems, failure.hint])).not.toMatch(/sentinel|dG9r/);
});

it("credentials are read from files in secrets/ and trimmed, and secret values are not trimmed", async () => {
  mkdirSync(join(fakes.directory, "secrets"));
  writeFileSync(join(fakes.directory, "secrets/op-token"), "  tok-3n-sentinel\r\n\n");
  fakes.answers(call("a"), { stdout: "  value \n" });
  const surroundings = {
    env: fakes.env(),
    root: fakes.directory,
    settings: { secret_environment: { OP_SERVICE_ACCOUNT_TOKEN: "op-token" } },
  };
  expect((await resolve(["secret://pass/a"], surroundings))?.get("secret://pass/a")).toBe("  value ");
  expect(fakes.left("pass", "env").split("\n")).toContain("OP_SERVICE_ACCOUNT_TOKEN=tok-3n-sentinel");
  const settings = { secret_environment: { OP_SERVICE_ACCOUNT_TOKEN: "nope" } };
  await expect(resolve(["secret://pass/a"], { ...surroundings, settings })).rejects.toThrow(
    "secrets/nope, with the value of OP_SERVICE_ACCOUNT_TOKEN, cannot be read: it is missing",
  );
});
