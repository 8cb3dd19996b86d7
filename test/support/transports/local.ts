import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aWorker, connectContext, type TransportUnderTest } from "@maand/core/testing";
import { local } from "@maand/plugin-local";

/** The transport `local`. */
export const overLocal: TransportUnderTest = {
  open() {
    const root = mkdtempSync(join(tmpdir(), "maand-transport-"));
    writeFileSync(join(root, "file"), "");
    const worker = aWorker({ host: "127.0.0.11", transport: "local" });
    return {
      plugins: local(),
      context: connectContext({ worker, bucket: { id: "b1", root } }),
      unreachable: connectContext({ worker, bucket: { id: "b1", root: join(root, "file") } }),
      close: () => rmSync(root, { recursive: true }),
    };
  },
  limits: {
    cut: "there is no connection",
    "after-cut": "there is no connection",
  },
};
