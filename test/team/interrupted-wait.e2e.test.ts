import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { initBucket } from "../../packages/core/src/bucket/init.ts";
import { makeWorkingCopy } from "../../packages/core/src/store/team/move.ts";
import { startMaand } from "../support/bucket/maand.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/**
 * Starts a server that accepts connections and never responds. Returns its port, and a promise for the first connection.
 */
async function silentServer() {
  let connected: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    connected = resolve;
  });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => connected());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, first };
}

it.each([["deploy"], ["status"]])("Ctrl-C ends maand %s while it waits for its database", async (command) => {
  const { port, first } = await silentServer();
  const root = mkdtempSync(join(tmpdir(), "maand-interrupted-"));
  undo.push(() => rmSync(root, { recursive: true }));
  const { bucketId } = initBucket(root);
  const url = `postgres://maand@127.0.0.1:${port}/maand`;
  rmSync(join(root, "data/maand.db"));
  makeWorkingCopy(join(root, "data/maand.db"), { url }, bucketId);
  writeFileSync(join(root, "maand.conf"), `store = "${url}"\nstore_timeout = 600\n`);
  const run = startMaand([command], { cwd: root, env: { PGPASSWORD: "secret" } });
  await Promise.race([
    first,
    run.ended.then(({ stderr }) => {
      throw new Error(`it ended: ${stderr}`);
    }),
  ]);
  run.kill("SIGINT");
  const { code, stderr } = await run.ended;
  expect(stderr).toContain("interrupted; stopping");
  expect(stderr).toContain("the wait for its response was interrupted");
  expect(code).not.toBe(0);
});
