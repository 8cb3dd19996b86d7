import type { Plugin } from "@maand/core";
import type { OpenedTransport, TransportUnderTest } from "@maand/core/testing";
import { openssh } from "@maand/example-transport-openssh";
import { ssh } from "@maand/plugin-ssh";
import { remotesFor, startFleet } from "../fleet/index.ts";
import { freePort } from "../fleet/range.ts";

/** The stock transport `ssh`, with an sshd worker. */
export const overSsh: TransportUnderTest = {
  open: () => onSshd("ssh", (file) => ssh({ configFile: file, agent: "" })),
};

/** The transport `openssh` with the ssh client of this machine and an sshd worker. */
export const overOpenssh: TransportUnderTest = {
  open: () => onSshd("openssh", (file) => openssh({ configFile: file })),
  limits: {
    background: "ssh waits for every process that keeps the output of the command open",
  },
};

async function onSshd(transport: string, plugin: (configFile: string) => Plugin): Promise<OpenedTransport> {
  const fleet = await startFleet({ count: 1 });
  const [worker] = fleet.workers;
  if (!worker) throw new Error("there is no worker");
  const remotes = remotesFor(fleet);
  const settings = { timeouts: { connectMs: 5_000, commandMs: 60_000, tapMs: 900_000 } };
  const { host } = worker;
  return {
    plugins: plugin("/dev/null"),
    context: remotes.contextFor({ host, transport }, { settings }),
    unreachable: remotes.contextFor({ host, port: await freePort(host), transport }, { settings }),
    cut: () => worker.dropConnections(),
    close: () => fleet.close(),
  };
}
