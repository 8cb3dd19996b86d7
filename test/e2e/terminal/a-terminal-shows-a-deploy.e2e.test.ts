import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";
import { until } from "../../support/fleet/until.ts";
import { openTerminal, type TerminalSession } from "../../support/terminal.ts";

let bucket: LocalBucket;
let terminal: TerminalSession;
let id: string;

/** Ends the process in a way of its own while a step runs. */
const PLUGIN = `
const ways = {
  throw: () => setTimeout(() => { throw new Error("boom"); }, 0),
  exit: () => process.exit(7),
};
export default {
  plugins: ["defaults", { name: "ends", apply: ({ event }) => event.tap("ends", ({ type }) => {
    if (type === "output") setTimeout(() => ways[process.env.ENDS]?.(), 200);
  }) }],
};
`;

beforeAll(async () => {
  bucket = await localBucket(2);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: CAREFUL_MAKEFILE });
  bucket.job(
    "web",
    { version: "1.0.0", selectors: ["worker"] },
    { Makefile: "start stop restart:\n\t@echo 'port 80 is in use'; exit 3\n" },
  );
  await bucket.type("maand build");
  ({ bucket_id: id } = await bucket.json<{ bucket_id: string }>("info"));
  terminal = openTerminal(bucket.root, 80, 24);
});
afterAll(() => {
  terminal?.close();
  bucket?.dispose();
});

/** Makes the steps of api on the first worker wait until the returned function is called. */
function hold(): () => void {
  const path = join("data/local", bucket.hosts[0] ?? "", id, "jobs/api/data/hold");
  bucket.write(path, "");
  return () => rmSync(join(bucket.root, path), { force: true });
}

const shows = (text: string) =>
  until(text, () => terminal.screen().includes(text), 10_000).catch((cause) => {
    throw new Error(`${cause.message}\n${terminal.screen()}`);
  });

/** Types a line, and its exit code after it. */
const run = (line: string) => terminal.type(`clear; ${line}; echo "exit=$?"`);

/** Times differ from run to run. */
const still = (text: string) => text.replace(/\b\d:\d\d\b/g, "0:00").replace(/\d+(\.\d)?m?s\b/g, "1s");

it("shows a deploy live, and leaves its result alone", async () => {
  const release = hold();
  run("maand deploy");
  await shows("api is at start");
  await shows("✗ start web on 127.0.0.11, 127.0.0.12");
  await shows("1/2");
  expect(still(terminal.screen())).toMatchInlineSnapshot();
  expect(terminal.isCursorShown()).toBe(false);
  terminal.resize(40, 24);
  await until("a frame of 40 columns", () => /^▸ api {2}[█░]{6} /m.test(terminal.screen()));
  terminal.resize(80, 24);
  await until("a frame of 80 columns", () => /^▸ api {2}[█░]{12} /m.test(terminal.screen()));
  release();
  await shows("exit=1");
  expect(still(terminal.screen())).toMatchInlineSnapshot();
  expect(terminal.history()).not.toContain("wave 1");
  expect(terminal.isCursorShown()).toBe(true);
});

it("restores the terminal after Ctrl-C, and exits with 130", async () => {
  const release = hold();
  run("maand deploy --force --jobs api");
  await shows("api is at restart");
  terminal.press("C-c");
  await shows("stopping: waiting for");
  await shows("exit=130");
  release();
  expect(still(terminal.screen())).toMatchInlineSnapshot();
  expect(terminal.isCursorShown()).toBe(true);
});

it.each([
  ["a second Ctrl-C", "", "exit=130"],
  ["SIGTERM", "", "exit=130"],
  ["process.exit of a plugin", "exit", "exit=7"],
  ["an error that nothing handles", "throw", "exit=1"],
])("restores the terminal after %s", async (what, ends, exit) => {
  const release = hold();
  if (ends !== "") bucket.write("maand.config.mjs", PLUGIN);
  run(`ENDS=${ends} sh -c 'echo $$ >pid; exec maand deploy --force --jobs api'`);
  if (ends === "") await shows("api is at restart");
  if (what === "SIGTERM") process.kill(Number(bucket.read("pid")), "SIGTERM");
  if (what === "a second Ctrl-C") {
    terminal.press("C-c");
    await shows("stopping: waiting for");
    terminal.press("C-c");
  }
  await shows(exit);
  release();
  expect(terminal.isCursorShown()).toBe(true);
  expect(terminal.screen()).not.toContain("wave 1");
});

it("leaves the terminal to the shell after Ctrl-Z, and draws again after fg", async () => {
  rmSync(join(bucket.root, "maand.config.mjs"), { force: true });
  const release = hold();
  run("maand deploy --force --jobs api");
  await shows("api is at restart");
  terminal.press("C-z");
  await shows("Stopped");
  expect(terminal.isCursorShown()).toBe(true);
  expect(terminal.screen()).not.toContain("wave 1");
  terminal.type("fg");
  await shows("wave 1");
  release();
  await shows("deploy done");
  expect(terminal.isCursorShown()).toBe(true);
});
