import assert from "node:assert/strict";
import type { TransportCheck } from "./check.ts";
import { located, refused, sh, type Trial } from "./trial.ts";

/** A running command and a running stream, on a separate connection. */
async function running(trial: Trial) {
  const remote = await trial.connect();
  const ready = [trial.path("ready"), trial.path("ready")] as const;
  const command = remote.exec(sh('echo $$ >"$1"; exec sleep 600', ready[0]));
  command.catch(() => {}); // its result is checked later
  const stream = await remote.stream(sh('echo $$ >"$1"; exec cat', ready[1]));
  stream.io.on("error", () => {}).resume();
  for (const file of ready) await trial.appears(file);
  return { remote, command, stream, pids: ready };
}

/** How connections behave. */
export const CONNECTION_CHECKS: readonly TransportCheck[] = [
  {
    id: "names",
    guarantee: "the remote has the worker's `host`, the `root` of the context, which is absolute, and a `transport`",
    async run({ remote, hooks, opened: { context } }) {
      assert.equal(remote.host, context.worker.host);
      assert.equal(remote.root, located(hooks, context).root);
      assert.match(remote.root, /^\/.+[^/]$/);
      assert.match(remote.transport, /^[a-z][a-z0-9-]*$/);
    },
  },
  {
    id: "other-transports",
    guarantee: "a worker with another `transport` is left to other plugins",
    async run({ hooks, opened: { context } }) {
      const worker = { ...context.worker, transport: "no-such-transport" };
      assert.equal(await hooks.connect.promise({ ...context, worker }), undefined);
      assert.equal(hooks.locate.call({ ...context, worker }), undefined);
    },
  },
  {
    id: "background",
    guarantee: "a command ends with its exit code even if a child keeps its output open; the child keeps running",
    async run(trial) {
      const [go, done] = [trial.path("go"), trial.path("done")];
      const child = 'i=0; while [ ! -e "$1" ] && [ $i -lt 500 ]; do i=$((i+1)); sleep 0.02; done; : >"$2"';
      const script = `echo before; (${child}) & echo behind`;
      const { code, stdout } = await trial.remote.probe(sh(script, go, done), { timeoutMs: 4_000, graceMs: 500 });
      assert.deepEqual([code, stdout], [0, "before\nbehind\n"]);
      assert.equal(await trial.exists(done), false, "the command ended only after its child");
      await trial.remote.exec(["touch", go]);
      await trial.appears(done);
    },
  },
  {
    id: "close",
    guarantee:
      "`close` ends running commands with DISCONNECTED, and may be called twice; later commands are UNREACHABLE and do not start",
    async run(trial) {
      const { remote, command, stream, pids } = await running(trial);
      await Promise.all([remote.close(), remote.close()]);
      await refused(command, "DISCONNECTED", remote.host);
      assert.equal(await stream.exit, null);
      const ran = trial.path("ran");
      await refused(remote.exec(["touch", ran]), "UNREACHABLE", remote.host);
      await refused(remote.probe(["touch", ran]), "UNREACHABLE", remote.host);
      await refused(remote.stream(["touch", ran]), "UNREACHABLE", remote.host);
      assert.equal(await trial.exists(ran), false);
      await remote.close();
      await endAll(trial, pids);
    },
  },
  {
    id: "cut",
    guarantee: "a cut connection ends running commands with DISCONNECTED, and a stream with exit code null",
    needs: "cut",
    async run(trial) {
      const { remote, command, stream, pids } = await running(trial);
      await trial.cut();
      const error = await refused(command, "DISCONNECTED", remote.host);
      assert(error.hint, "the error has no hint");
      assert.equal(await stream.exit, null);
      await endAll(trial, pids);
    },
  },
  {
    id: "after-cut",
    guarantee: "the next command after a cut runs over a new connection, or is UNREACHABLE; it never runs partially",
    needs: "cut",
    async run(trial) {
      const remote = await trial.connect();
      await trial.cut();
      const ran = trial.path("ran");
      const runs = await remote.exec(["touch", ran]).then(
        () => true,
        async (error: unknown) => {
          await refused(Promise.reject(error), "UNREACHABLE", remote.host);
          return false;
        },
      );
      assert.equal(await trial.exists(ran), runs);
    },
  },
  {
    id: "unreachable",
    guarantee:
      "a worker that cannot be reached is reported by `connect` or by the first command as UNREACHABLE, in bounded time",
    needs: "unreachable",
    async run({ hooks, opened: { unreachable } }) {
      assert(unreachable);
      const attempt = async () => (await hooks.connect.promise(located(hooks, unreachable)))?.exec(["true"]);
      await refused(attempt(), "UNREACHABLE", unreachable.worker.host);
    },
  },
];

/** Commands can keep running when their connection is closed, so the check kills them. */
async function endAll({ remote }: Trial, files: readonly string[]): Promise<void> {
  await remote.probe(sh('for file; do kill -KILL "$(cat "$file")"; done', ...files), { asRoot: true });
}
