import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aWorker, connectContext, someSettings, type TransportUnderTest } from "@maand/core/testing";
import { account } from "@maand/example-transport-account";

/** An account that exists on every Debian. */
const ACCOUNT = "www-data";

/** The transport `account`, with another account of this machine. */
export const overAccount: TransportUnderTest = {
  open() {
    const root = mkdtempSync(join(tmpdir(), "maand-transport-"));
    chmodSync(root, 0o1777);
    const settings = someSettings({ workerRoot: root });
    const contextOf = (host: string) => connectContext({ worker: aWorker({ host, transport: "account" }), settings });
    return {
      plugins: account,
      context: contextOf(ACCOUNT),
      unreachable: contextOf("no-such-account"),
      close: () => rmSync(root, { recursive: true }),
    };
  },
  limits: {
    cut: "there is no connection",
    "after-cut": "there is no connection",
  },
};
