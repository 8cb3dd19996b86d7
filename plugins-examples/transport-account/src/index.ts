import {
  type ConnectContext,
  definePlugin,
  type LocateContext,
  MaandError,
  programRemote,
  type Remote,
} from "@maand/core";

const ACCOUNT = "account";

/**
 * Uses accounts on this machine as workers: `host` is the name of the account, and commands run as that account,
 * through sudo.
 */
export const account = definePlugin({
  name: "transport-account",
  provides: { answers: ["connect"], transports: [ACCOUNT] },
  apply({ connect, locate, preflight }) {
    connect.tapPromise("transport-account", async (context) => (isOurs(context) ? enter(context) : undefined));
    locate.tap("transport-account", (context) => (isOurs(context) ? rootOf(context) : undefined));
    preflight.tap("transport-account", ({ remote, needs }) => {
      if (remote.transport === ACCOUNT) needs("timeout");
    });
  },
});

function isOurs({ worker, settings }: LocateContext): boolean {
  return (worker.transport ?? settings.transport) === ACCOUNT;
}

/** Each account has its own directory in `worker_root`. */
function rootOf({ worker, settings, bucket }: LocateContext): string {
  return `${settings.workerRoot}/${worker.host}/${bucket.id}`;
}

async function enter(context: ConnectContext): Promise<Remote> {
  const { worker, root, settings, signal } = context;
  const remote = programRemote({
    host: worker.host,
    user: worker.host,
    root,
    transport: ACCOUNT,
    sudo: false, // a job of an account never runs as root
    timeoutMs: settings.timeouts.commandMs,
    program: (argv) => ["sudo", "-n", "-H", "-u", worker.host, "--", "sh", "-c", 'cd && exec "$@"', "sh", ...argv],
  });
  const timeoutMs = settings.timeouts.connectMs;
  await remote.exec(["mkdir", "-p", root], { title: "making its directory", timeoutMs, signal }).catch((cause) => {
    if (signal.aborted) throw cause;
    const message = `cannot reach ${worker.host}: ${cause instanceof Error ? cause.message : cause}`;
    throw new MaandError({ code: "UNREACHABLE", worker: worker.host, message, cause });
  });
  return remote;
}

export default account;
