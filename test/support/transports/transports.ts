import type { TransportUnderTest } from "@maand/core/testing";
import { overAccount } from "./account.ts";
import { overDocker } from "./docker.ts";
import { overLocal } from "./local.ts";
import { overOpenssh, overSsh } from "./ssh.ts";

/** The transports of this repository. Each has a worker that is as real as this machine allows. */
export const TRANSPORTS: Readonly<Record<string, TransportUnderTest>> = {
  ssh: overSsh,
  local: overLocal,
  openssh: overOpenssh,
  "docker-exec": overDocker,
  account: overAccount,
};
