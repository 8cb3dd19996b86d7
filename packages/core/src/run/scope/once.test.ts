import { expect, it } from "vitest";
import type { RunOnceContext } from "../../plugin-api/contexts.ts";
import { createHooks, fakeRemote, rolloutContext } from "../../testing/index.ts";
import { onceFor } from "./once.ts";

const step = { id: "b.r.a.start.1", resumes: null, replaces: [], onSettled: () => {} };
const RESULT = { code: 0, stdout: "recorded\n", stderr: "", durationMs: 1 };

/** The function that runs the commands of an action, with a plugin that keeps receipts and records its calls. */
function withReceipts({ answer }: { readonly answer: typeof RESULT | undefined } = { answer: RESULT }) {
  const hooks = createHooks();
  const requests: RunOnceContext[] = [];
  hooks.runOnce.tapPromise("keeper", async (context) => {
    requests.push(context);
    return answer;
  });
  const remote = fakeRemote();
  const context = rolloutContext({ remote, step });
  return { remote, requests, context, once: onceFor({ hooks }, context) };
}

it("the commands of a step are numbered in the order of the calls", async () => {
  const { requests, remote, once } = withReceipts();
  expect(await once(["systemctl", "enable", "api"])).toEqual(RESULT);
  await once(["systemctl", "start", "api"], { timeoutMs: 5, env: { A: "b" }, title: "the start" });
  expect(requests.map(({ command }) => command)).toMatchObject([
    { id: "b.r.a.start.1+1", argv: ["systemctl", "enable", "api"], title: "systemctl enable api", timeoutMs: 300_000 },
    { id: "b.r.a.start.1+2", title: "the start", timeoutMs: 5, env: { A: "b" } },
  ]);
  expect(remote.lines).toEqual([]);
});

it("a command fails if its recorded result is a failure", async () => {
  const { once } = withReceipts({ answer: { ...RESULT, code: 3 } });
  await expect(once(["false"])).rejects.toMatchObject({ code: "COMMAND_FAILED", exit: 3 });
});

it("a command runs with `remote.exec` if no plugin keeps receipts on the worker", async () => {
  const { context, once, remote } = withReceipts({ answer: undefined });
  await once(["echo"]);
  expect(remote.calls).toMatchObject([{ argv: ["echo"], options: { asRoot: true, cwd: context.directory } }]);
});

it("a command without a step runs with `remote.exec`, and its output is logged", async () => {
  const { requests } = withReceipts();
  const remote = fakeRemote({ answers: { echo: { stdout: "hello\n" } } });
  const context = rolloutContext({ remote });
  await onceFor({ hooks: createHooks() }, context)(["echo"]);
  expect({ requests, lines: remote.lines }).toEqual({ requests: [], lines: ["echo"] });
  expect(context.output).toEqual([{ line: "hello", stream: "stdout" }]);
});
