import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, type TestContext } from "vitest";
import { RUNNER_EXIT } from "../runner-program.ts";
import { aWorker, eventually } from "./runner.test.support.ts";
import { FENCE_VARIABLE } from "./runner-fence.ts";

/** A fence as a command of the bucket sends it. */
function fence(number: number, holder: string, expected = "") {
  const line = `${number} ${holder.repeat(8)}`;
  return { line, expected, text: `${line}\n{"command":"deploy","user":"bob"}\n` };
}

function aFencedWorker(context: TestContext) {
  const worker = aWorker(context);
  const file = join(worker.root, "fence");
  return {
    ...worker,
    file,
    record: () => (existsSync(file) ? readFileSync(file, "utf8") : ""),
    has: (given: { readonly text: string }) => writeFileSync(file, given.text, { mode: 0o600 }),
    /** Runs a target through a serving runner; its code and its error output. */
    async request(given: object, target = "start", server = worker.serve()) {
      await server.client.ready;
      let printed = "";
      const fields = { target, job: "api", timeout: 300, env: {}, ...given };
      const running = server.client.request(fields, (stream, bytes) => {
        if (stream === "stderr") printed += bytes.toString();
      });
      return { code: await running.ended, printed };
    },
    stage(given: object, server = worker.serve()) {
      const stage = { jobs: {}, files: {}, keep: [], protect: {} };
      return server.client.ready.then(() => server.client.request({ stage, timeout: 300, ...given }, () => {}));
    },
  };
}

it("a runner writes a private record of the first command, and accepts that command again", async (context) => {
  const worker = aFencedWorker(context);
  const server = worker.serve();
  await server.client.ready;
  expect(server.client.fenceText).toBe("");
  const mine = fence(3, "a");
  expect(await worker.request({ fence: mine }, "start", server)).toMatchObject({ code: 0 });
  expect(worker.record()).toBe(mine.text);
  expect(statSync(worker.file).mode & 0o777).toBe(0o600);
  expect(await worker.request({ fence: mine }, "stop", server)).toMatchObject({ code: 0 });
});

it("a runner sends the record of the worker with its greeting", async (context) => {
  const worker = aFencedWorker(context);
  worker.has(fence(3, "a"));
  const server = worker.serve();
  await server.client.ready;
  expect(server.client.fenceText).toBe(fence(3, "a").text);
});

it("a command that expects the current record replaces it, and the older command is then refused", async (context) => {
  const worker = aFencedWorker(context);
  const [older, newer] = [fence(3, "a"), fence(4, "b", fence(3, "a").line)];
  worker.has(older);
  expect(await worker.request({ fence: newer }, "restart")).toMatchObject({ code: 0 });
  const late = await worker.request({ fence: older }, "restart");
  expect(late.code).toBe(RUNNER_EXIT.fenced);
  expect(late.printed).toContain(`another command has changed this worker: ${newer.line} {"command":"deploy"`);
  expect(worker.order()).toEqual(["api"]);
  expect(worker.record()).toBe(newer.text);
});

it("a command that expects another record is refused, regardless of its number", async (context) => {
  const worker = aFencedWorker(context);
  worker.has(fence(3, "a"));
  for (const given of [fence(9, "b", fence(2, "c").line), fence(3, "b", fence(2, "c").line), fence(9, "b")])
    expect(await worker.request({ fence: given }, "restart")).toMatchObject({ code: RUNNER_EXIT.fenced });
  expect(existsSync(join(worker.root, "order"))).toBe(false);
});

it("a command that waits for the lock of its job is refused if a newer command was recorded meanwhile", async (context) => {
  const worker = aFencedWorker(context);
  const [older, newer] = [fence(3, "a"), fence(4, "b", fence(3, "a").line)];
  const first = worker.request({ fence: older }, "gate");
  await worker.exists("here");
  const waiting = worker.request({ fence: older }, "restart");
  await eventually(() => expect(worker.record()).toBe(older.text));
  const other = worker.request({ fence: newer, job: "db" }, "restart");
  await eventually(() => expect(worker.record()).toBe(newer.text));
  expect((await other).code).toBe(0);
  worker.write("go", "");
  expect((await first).code).toBe(0); // the command had begun
  expect((await waiting).code).toBe(RUNNER_EXIT.fenced);
  expect(worker.order().filter((line) => line === "api")).toEqual([]);
});

it("a record that other users can write, or that is a link, is not trusted", async (context) => {
  const worker = aFencedWorker(context);
  worker.has(fence(3, "a"));
  chmodSync(worker.file, 0o666);
  const refused = await worker.request({ fence: fence(4, "b", fence(3, "a").line) });
  expect(refused.code).toBe(RUNNER_EXIT.fenced);
  expect(refused.printed).toContain("!others may write to it");
  rmSync(worker.file);
  symlinkSync(join(worker.root, "elsewhere"), worker.file);
  expect((await worker.request({ fence: fence(4, "b") })).code).toBe(RUNNER_EXIT.fenced);
  expect(existsSync(join(worker.root, "elsewhere"))).toBe(false);
});

it("a request without a fence runs and leaves the record unchanged", async (context) => {
  const worker = aFencedWorker(context);
  worker.has(fence(3, "a"));
  expect(await worker.request({}, "status")).toMatchObject({ code: 0 });
  expect(worker.record()).toBe(fence(3, "a").text);
});

it("a separate runner accepts another command only if it has a larger number", async (context) => {
  const worker = aFencedWorker(context);
  const alone = (given: { readonly text: string }) =>
    worker.alone("start", { env: { [FENCE_VARIABLE]: given.text } }).code;
  expect(await alone(fence(3, "a"))).toBe(0);
  expect(await alone(fence(3, "a"))).toBe(0);
  expect(await alone(fence(3, "b"))).toBe(RUNNER_EXIT.fenced);
  expect(await alone(fence(2, "b"))).toBe(RUNNER_EXIT.fenced);
  expect(await alone(fence(4, "b"))).toBe(0);
  expect(worker.record()).toBe(fence(4, "b").text);
});

it("a stage that waits for its files writes nothing after a newer command was recorded", async (context) => {
  const worker = aFencedWorker(context);
  const [older, newer] = [fence(3, "a"), fence(4, "b", fence(3, "a").line)];
  const hash = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"; // of "a"
  const stage = { jobs: {}, files: { note: [0o644, hash, 1] }, keep: [], protect: {} };
  const late = await worker.stage({ stage, fence: older });
  await eventually(() => expect(worker.record()).toBe(older.text));
  // the newer command does not wait for the older one, which has not written anything yet
  const next = await worker.stage({ fence: newer });
  expect(await next.ended).toBe(0);
  await late.send({ content: hash, bytes: "YQ==" });
  expect(await late.ended).toBe(RUNNER_EXIT.fenced);
  expect(existsSync(join(worker.root, "note"))).toBe(false);
});

it("a command for the whole worker runs even if the bucket's directory is missing, and writes its record", async (context) => {
  const worker = aFencedWorker(context);
  const server = worker.serve();
  await server.client.ready;
  rmSync(worker.root, { recursive: true });
  const mine = fence(3, "a");
  const command = { job: "+worker", argv: ["true"], step: "m1.command.1", voids: [], what: "true", fence: mine };
  expect(await worker.request(command, "the command", server)).toMatchObject({ code: 0 });
  expect(worker.record()).toBe(mine.text);
  mkdirSync(join(worker.root, "jobs/api"), { recursive: true }); // the directory in which the end of the test writes
});
