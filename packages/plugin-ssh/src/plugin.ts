import type { Plugin } from "@maand/core";
import { SSH_SETTINGS } from "./endpoint.ts";
import { Gate } from "./gate.ts";

/** Options of {@link ssh}; all have defaults that suit an OpenSSH server as it comes. */
export interface SshOptions {
  /** ssh client configuration to read; default `~/.ssh/config`. */
  readonly configFile?: string;
  /** Socket of the ssh agent; default `SSH_AUTH_SOCK`. Empty: no agent. */
  readonly agent?: string;
  /** Commands at once over one connection; default 8, since sshd allows 10 (MaxSessions). */
  readonly channels?: number;
  /** Handshakes at once; default 32. */
  readonly handshakes?: number;
  /** Seconds between signs of life; after three unanswered ones the connection is given up. Default 15. */
  readonly keepaliveSeconds?: number;
}

/** Reaches workers whose transport is `ssh`, over one ssh2 connection each (decision 31). */
export function ssh(options: SshOptions = {}): Plugin {
  const handshakes = new Gate(options.handshakes ?? 32);
  return {
    name: "ssh",
    provides: { answers: ["connect"], transports: ["ssh"] },
    settings: SSH_SETTINGS,
    apply({ connect, examine, identify, login, preflight }) {
      connect.tapPromise("ssh", async (context) => {
        const { worker, settings } = context;
        if ((worker.transport ?? settings.transport) !== "ssh") return undefined;
        const { openRemote } = await import("./open.ts"); // most commands reach nobody, and need none of it
        return openRemote(context, options, handshakes);
      });
      examine.tapPromise("ssh", async (context) => {
        const { examineSsh } = await import("./examine.ts");
        await examineSsh(context, options);
      });
      identify.tapPromise("ssh", async (context) => {
        const { worker, settings } = context;
        if ((worker.transport ?? settings.transport) !== "ssh") return undefined;
        const { inspectHostKey } = await import("./trust.ts");
        const { key, ...report } = await inspectHostKey(context, options);
        return { ...report, type: key.type };
      });
      login.tapPromise("ssh", async (context) => {
        const { worker, settings } = context;
        if ((worker.transport ?? settings.transport) !== "ssh") return undefined;
        const { loginOf } = await import("./open.ts");
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
