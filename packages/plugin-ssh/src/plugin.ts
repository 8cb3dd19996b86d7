import type { Plugin } from "@maand/core";
import { Semaphore } from "@maand/core/toolbox";
import { SSH_SETTINGS } from "./endpoint.ts";
import type { SshOptions } from "./options.ts";

/** Reaches workers whose transport is `ssh`, over one ssh2 connection each. */
export function ssh(options: SshOptions = {}): Plugin {
  const handshakes = new Semaphore(options.handshakes ?? 32);
  return {
    name: "ssh",
    provides: { answers: ["connect"], transports: ["ssh"] },
    settings: SSH_SETTINGS,
    apply({ connect, examine, identify, login, preflight }) {
      connect.tapPromise("ssh", async (context) => {
        const { worker, settings } = context;
        if ((worker.transport ?? settings.transport) !== "ssh") return undefined;
        const { openRemote } = await import("./connect-worker.ts"); // loaded here because most commands connect to no worker
        return openRemote(context, options, handshakes);
      });
      examine.tapPromise("ssh", async (context) => {
        const { examineLoginKeys } = await import("./login/examine-login-key.ts");
        await examineLoginKeys(context, options);
      });
      identify.tapPromise("ssh", async (context) => {
        const { worker, settings } = context;
        if ((worker.transport ?? settings.transport) !== "ssh") return undefined;
        const { inspectHostKey } = await import("./host-keys/inspect-host-key.ts");
        const { key, ...report } = await inspectHostKey(context, options);
        return { ...report, type: key.type };
      });
      login.tapPromise("ssh", async (context) => {
        const { worker, settings } = context;
        if ((worker.transport ?? settings.transport) !== "ssh") return undefined;
        const { loginOf } = await import("./connect-worker.ts");
        return loginOf(context, options);
      });
      preflight.tap("ssh", ({ remote, needs }) => {
        if (remote.transport !== "ssh") return;
        needs("timeout");
        if (remote.sudo) needs("sudo");
      });
    },
  };
}
