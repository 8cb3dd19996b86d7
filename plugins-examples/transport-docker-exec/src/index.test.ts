import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Remote, secret } from "@maand/core";
import { aWorker, connectContext, createHooks, preflightContext } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dockerExec } from "./index.ts";

/** A fake docker that records its calls, and runs container commands on this machine. */
const FAKE = `#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >> "$here/calls"
case $1 in
container) test ! -e "$here/gone" && echo true || { echo "Error: No such container: box" >&2; exit 1; } ;;
exec) shift 2; test "$1" != --user || shift 2; shift; exec "$@" ;;
esac
`;

let place: string;
let program: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "docker-exec-"));
  program = join(place, "docker");
  writeFileSync(program, FAKE);
  chmodSync(program, 0o755);
});
afterEach(() => rmSync(place, { recursive: true }));

const worker = aWorker({ host: "box", transport: "docker-exec" });
const leave = () => writeFileSync(join(place, "gone"), "");

/** The calls of docker so far. */
function calls(): string {
  const file = join(place, "calls");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

async function connect(host = worker): Promise<Remote | undefined> {
  const hooks = createHooks();
  await dockerExec({ program }).apply(hooks);
  return hooks.connect.promise(connectContext({ worker: host }));
}

async function connected(): Promise<Remote> {
  const remote = await connect();
  if (!remote) throw new Error("no plugin connects");
  return remote;
}

describe("transport-docker-exec", () => {
  it("runs a command with docker exec, and keeps the arguments separate", async () => {
    const remote = await connected();
    expect((await remote.exec(["printf", "%s|", "a b", "$HOME"])).stdout).toBe("a b|$HOME|");
    expect(calls()).toContain("container inspect --format {{.State.Running}} {{.State.StartedAt}} box\n");
    expect(calls()).toMatch(/\nexec --interactive box sh -c .* timeout -k 4 300 printf %s\| a b \$HOME\n/);
    expect(remote.root).toBe("/opt/worker/bucket");
  });

  it("uses root for commands that need root", async () => {
    const remote = await connected();
    await remote.exec(["true"], { asRoot: true });
    expect(calls()).toMatch(/\nexec --interactive --user 0 box /);
  });

  it("never shows secret variables in ps", async () => {
    const remote = await connected();
    const { stdout } = await remote.exec(["sh", "-c", 'echo "$TOKEN"'], { env: { TOKEN: secret("open-sesame") } });
    expect(stdout).toBe("open-sesame\n");
    expect(calls()).not.toContain("open-sesame");
  });

  it("ignores workers with another transport", async () => {
    expect(await connect(aWorker({ host: "box" }))).toBeUndefined();
    expect(calls()).toBe("");
  });

  it("reports a stopped container as unreachable", async () => {
    leave();
    await expect(connect()).rejects.toMatchObject({
      code: "UNREACHABLE",
      worker: "box",
      message: "cannot reach box: Error: No such container: box",
    });
  });

  it("reports a lost connection if the container ended during a command, not if the command failed", async () => {
    const remote = await connected();
    expect((await remote.probe(["sh", "-c", "exit 137"])).code).toBe(137);
    await expect(remote.exec(["sh", "-c", `touch ${join(place, "gone")}; exit 137`])).rejects.toMatchObject({
      code: "DISCONNECTED",
    });
  });

  it("requires the program timeout in a container", async () => {
    const hooks = createHooks();
    await dockerExec().apply(hooks);
    const context = preflightContext({ remote: await connected() });
    await hooks.preflight.promise(context);
    expect(context.tools).toEqual(["timeout"]);
  });
});
