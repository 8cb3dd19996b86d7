import { spawnSync } from "node:child_process";
import { type ConnectContext, MaandError, pluginWithOptions, programRemote, type Remote } from "@maand/core";
import * as v from "valibot";

const options = v.object({
  /** The docker command on this machine; podman accepts the same arguments. */
  program: v.optional(v.pipe(v.string("must be text"), v.minLength(1, "must not be empty")), "docker"),
});

/**
 * Connects to workers with the transport `docker-exec`, which are running containers on this machine; `host` is the
 * container's name.
 */
export const dockerExec = pluginWithOptions({
  name: "transport-docker-exec",
  options,
  apply({ connect, preflight }, { program }) {
    connect.tapPromise("transport-docker-exec", async (context) => {
      const { worker, settings } = context;
      return (worker.transport ?? settings.transport) === "docker-exec" ? enter(context, program) : undefined;
    });
    preflight.tap("transport-docker-exec", ({ remote, needs }) => {
      if (remote.transport === "docker-exec") needs("timeout");
    });
  },
});

/**
 * Runs each command as a separate `docker exec`, without an open connection. A command runs as root or as the image's
 * user.
 */
function enter({ worker, root, settings }: ConnectContext, program: string): Remote {
  const { host } = worker;
  const unreachable = (why: string) =>
    new MaandError({ code: "UNREACHABLE", worker: host, message: `cannot reach ${host}: ${why}` });
  const { why } = stateOf(program, host);
  if (why !== undefined) throw unreachable(why);
  return programRemote({
    host,
    root,
    transport: "docker-exec",
    sudo: false,
    timeoutMs: settings.timeouts.commandMs,
    program: (argv, { asRoot }) => [
      program,
      "exec",
      "--interactive",
      ...(asRoot ? ["--user", "0"] : []),
      host,
      ...argv,
    ],
    lost(code, { since }) {
      if (!SUSPICIOUS.has(code)) return false;
      const state = stateOf(program, host);
      return state.why !== undefined || state.started > since;
    },
  });
}

/** Exit codes of docker itself. A command can return the same codes, but then the container is still running. */
const SUSPICIOUS = new Set([1, 125, 137]);

interface ContainerState {
  /** The time when the container was last started. Its earlier processes had ended by then. */
  readonly started: Date;
  /** The reason why no command can run in the container. */
  readonly why: string | undefined;
}

function stateOf(program: string, container: string): ContainerState {
  const words = ["container", "inspect", "--format", "{{.State.Running}} {{.State.StartedAt}}", container];
  const { stdout, stderr, error } = spawnSync(program, words, { encoding: "utf8", timeout: 10_000 });
  const [running, at = ""] = (stdout ?? "").trim().split(" ");
  const started = new Date(at);
  if (error) return { started, why: error.message };
  if (running === "true") return { started, why: undefined };
  return { started, why: stderr.trim().split("\n")[0] || `container ${container} is not running` };
}

export default dockerExec;
