import { createServer, type Server } from "node:net";

const CLAIM_PORT = 47_811;

/** The number of addresses that differ only in their last number. A larger fleet continues at 127.1.x.1. */
const IN_A_ROW = 250;

/** A range of loopback addresses, from 127.0.x.1, that no other fleet on this machine uses at the same time. */
export interface Range {
  address(index: number): string;
  release(): void;
}

/** Claims a free range with a listening socket, so that the claim always ends with the process. */
export async function claimRange(): Promise<Range> {
  for (let third = 1; third < 255; third++) {
    const claim = await listen(`127.0.${third}.254`, CLAIM_PORT);
    if (!claim) continue;
    claim.unref();
    const address = (index: number) => `127.${Math.floor(index / IN_A_ROW)}.${third}.${(index % IN_A_ROW) + 1}`;
    return { address, release: () => claim.close() };
  }
  throw new Error("no free loopback range: 254 fleets are running");
}

/** A free port at this address. */
export async function freePort(address: string): Promise<number> {
  const server = await listen(address, 0);
  const bound = server?.address();
  if (!server || !bound || typeof bound === "string") throw new Error(`no free port on ${address}`);
  await new Promise((closed) => server.close(closed));
  return bound.port;
}

function listen(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, address, () => resolve(server));
  });
}
