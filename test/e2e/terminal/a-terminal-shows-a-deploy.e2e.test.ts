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

/** A plugin that ends the process in the middle of a deploy. */
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
  until(text, () => terminal.screen().includes(text)).catch((cause) => {
    throw new Error(`${cause.message}\n${terminal.screen()}`);
  });

/** Types a line that also prints its exit code. */
function run(line: string): void {
  terminal.clear(); // so that earlier output cannot match
  terminal.type(`clear; ${line}; echo "exit=$?"`);
}

/** Replaces times, which differ in each run. */
const still = (text: string) =>
  text
    .replace(/\b\d:\d\d\b/g, "0:00")
    .replace(/\d+(\.\d)?m?s\b/g, "1s")
    .replace(/\n\$$/, "");

it("a terminal shows a deploy live, and only its result at the end", async () => {
  const release = hold();
  run("maand deploy");
  await shows("api is at start");
  await shows("✗ start web on 127.0.0.11, 127.0.0.12");
  await shows("▸ api  ██████░░░░░░ 1/2");
  await shows("1 of 2 jobs");
  expect(still(terminal.screen())).toMatchInlineSnapshot(`
    "deploy: wave 1: api, web; 1 of 2 jobs                                      0:00
    ▸ api  ██████░░░░░░ 1/2 batch 1 of 1                                       0:00
    ✗ web  ✗✗✗✗✗✗✗✗✗✗✗✗ 2/2 2 failed                                           0:00
        start api on 127.0.0.11 0:00, waits for make start │ api is at start
    ✗ start web on 127.0.0.11, 127.0.0.12: make start of web failed with exit code…
        │ port 80 is in use
        │ make: *** [Makefile:2: start] Error 3"
  `);
  expect(terminal.isCursorShown()).toBe(false);
  release();
  await shows("exit=1");
  expect(still(terminal.screen())).toMatchInlineSnapshot(`
    "
      api: started on 2 workers
      web:
        start failed on 127.0.0.11, 127.0.0.12: make start of web failed with exit
          code 2
          | port 80 is in use
          | make: *** [Makefile:2: start] Error 3
          hint: check target start in workspace/jobs/web/Makefile; to run it again:
            maand job run web --target start --allocations 127.0.0.11,127.0.0.12
    deploy failed: 2 promoted, 0 unchanged, 2 failed in 1s
      next: fix web, then run maand deploy --build to resume
    exit=1"
  `);
  expect(terminal.history()).not.toContain("wave 1");
  expect(terminal.isCursorShown()).toBe(true);
});

it("maand restores the terminal after Ctrl-C, and exits with 130", async () => {
  const release = hold();
  run("maand deploy --force --jobs api");
  await shows("api is at restart");
  terminal.press("C-c");
  await shows("stopping: waiting for");
  await shows("exit=130");
  release();
  expect(terminal.screen()).toContain("restart interrupted on 127.0.0.11: make restart of api was interrupted");
  expect(terminal.screen()).toContain("deploy interrupted: 0 promoted, 0 unchanged, 2 interrupted in");
  expect(terminal.screen()).not.toContain("wave 1");
  expect(terminal.isCursorShown()).toBe(true);
});

it.each([
  ["a second Ctrl-C", "", "exit=130"],
  ["SIGTERM", "", "exit=130"],
  ["a call to process.exit in a plugin", "exit", "exit=7"],
  ["an unhandled error", "throw", "exit=1"],
])("maand restores the terminal after %s", async (what, ends, exit) => {
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

it("maand leaves the terminal to the shell after Ctrl-Z, and draws again after fg", async () => {
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

it("the live view adapts when the size of the terminal changes", async () => {
  const release = hold();
  run("maand deploy --force --jobs api");
  await shows("api is at restart");
  for (const [columns, bar] of [
    [40, 6],
    [110, 20],
    [80, 12],
  ] as const) {
    terminal.resize(columns, 24);
    const row = new RegExp(`^▸ api  [█░]{${bar}} `, "m");
    await until(`a frame of ${columns} columns`, () => row.test(terminal.screen()));
    expect(terminal.screen().match(/^deploy: wave 1/gm)).toEqual(["deploy: wave 1"]);
  }
  release();
  await shows("exit=0");
  expect(terminal.screen()).not.toContain("wave 1");
});
