import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { aWorker } from "./runner.test.support.ts";

let commands = 0;

/** Starts a runner, runs a target through it, and returns how many bytes this side sent before the first request. */
async function sentToStart(w: ReturnType<typeof aWorker>, { changes = true } = {}): Promise<number> {
  const { client, io } = w.serve();
  let sent = 0;
  const write = io.write.bind(io);
  io.write = (chunk: Uint8Array | string, ...more: never[]) => {
    sent += chunk.length;
    return write(chunk, ...more);
  };
  expect(await client.ready).toBe(true);
  const before = sent;
  commands += 1;
  const line = `${commands} ${"a".repeat(8)}`;
  const fence = { line, expected: client.fenceText.split("\n")[0] ?? "", text: `${line}\n{}\n` };
  const request = {
    target: changes ? "start" : "status",
    job: "api",
    timeout: 300,
    env: {},
    ...(changes && { fence }),
  };
  expect(await client.request(request, () => {}).ended).toBe(0);
  return before;
}

describe.concurrent("the compiled runner on a worker", () => {
  const keptOf = ({ root }: { readonly root: string }) => join(root, "program");

  it("is stored, so that it is sent only once", async (context: TestContext) => {
    const w = aWorker(context);
    expect(await sentToStart(w)).toBeGreaterThan(50_000);
    expect(statSync(keptOf(w)).mode & 0o777).toBe(0o600);
    expect(await sentToStart(w)).toBe(0);
  });

  it.for([
    ["is truncated", (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 5_000))],
    ["is damaged", (file: string) => writeFileSync(file, readFileSync(file).fill(0, 2_000, 2_100))],
    ["is empty", (file: string) => writeFileSync(file, "")],
    ["has the hash of another program", (file: string) => writeFileSync(file, readFileSync(file).fill("0", 0, 64))],
    ["can be read by other users", (file: string) => chmodSync(file, 0o644)],
  ] as const)("is replaced before use if it %s", async ([, spoil], context) => {
    const w = aWorker(context);
    await sentToStart(w);
    spoil(keptOf(w));
    expect(await sentToStart(w)).toBeGreaterThan(50_000);
    expect(await sentToStart(w)).toBe(0);
  });

  it("is not used if it is a symbolic link", async (context: TestContext) => {
    const w = aWorker(context);
    await sentToStart(w);
    const elsewhere = mkdtempSync(join(tmpdir(), "maand-elsewhere-"));
    writeFileSync(join(elsewhere, "program"), readFileSync(keptOf(w)), { mode: 0o600 });
    rmSync(keptOf(w));
    symlinkSync(join(elsewhere, "program"), keptOf(w));
    expect(await sentToStart(w)).toBeGreaterThan(50_000);
    rmSync(elsewhere, { recursive: true });
  });

  it("is not stored by a command that only reads", async (context: TestContext) => {
    const w = aWorker(context);
    expect(await sentToStart(w, { changes: false })).toBeGreaterThan(50_000);
    expect(existsSync(keptOf(w))).toBe(false);
  });

  it("is not stored if the bucket's directory does not exist", async (context: TestContext) => {
    const w = aWorker(context);
    rmSync(w.root, { recursive: true });
    const { client } = w.serve();
    expect(await client.ready).toBe(true);
    expect(existsSync(w.root)).toBe(false);
    mkdirSync(join(w.root, "jobs/api"), { recursive: true }); // the cleanup after the test writes a file here
  });
});
