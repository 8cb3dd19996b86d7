import { isMaandError } from "../../errors.ts";
import type { ActionStep } from "../../plugin-api/action-step.ts";
import { fenceOf } from "../../remote/fence/worker-fence.ts";
import type { Remote } from "../../remote/remote.ts";
import type { FakeAnswer } from "../fake-remote.ts";

/** The machines of fake workers: their boot ids, command records, metadata, and receipts of steps. */
export interface FakeMachines {
  bootId(host: string): string;
  /**
   * Sets the files directly in the bucket's directory, such as `worker.json`, which its connection reads from now on.
   */
  deliver(host: string, metadata: ReadonlyMap<string, string>): void;
  /** Refuses a command that may not change the worker; otherwise writes the record of the command there. */
  fence(remote: Remote): void;
  /** The record of the command that last changed a worker; empty if there is none. */
  record(host: string): string;
  /** The result of a command on its connection. */
  answer(host: string, line: string): FakeAnswer | undefined;
  /** Runs a step unless it has already ended, and returns the exit code. A step that was replaced never begins. */
  once(step: ActionStep, work: () => Promise<void>): Promise<number>;
  /** Gives a machine another boot id. */
  reboot(host: string): void;
}

/** New machines. */
export function fakeMachines(): FakeMachines {
  const boots = new Map<string, number>();
  const records = new Map<string, string>();
  const receipts = new Map<string, number>();
  const delivered = new Map<string, ReadonlyMap<string, string>>();
  const bootId = (host: string) => {
    const number = [...host].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 0xffffffff, 7);
    const boot = boots.get(host) ?? 1;
    return `${number.toString(16).padStart(8, "0")}-0000-4000-8000-${boot.toString(16).padStart(12, "0")}`;
  };
  return {
    bootId,
    record: (host) => records.get(host) ?? "",
    fence(remote) {
      const fence = fenceOf(remote);
      fence?.admit(records.get(remote.host) ?? "");
      if (fence) records.set(remote.host, fence.text);
    },
    deliver: (host, metadata) => void delivered.set(host, metadata),
    answer(host, line) {
      if (line === "cat /proc/sys/kernel/random/boot_id") return { stdout: `${bootId(host)}\n` };
      if (!line.startsWith("cat ")) return undefined;
      const fence = line.split("/").at(-1) === "fence" || line.includes("/fence ") ? (records.get(host) ?? "") : "";
      if (line.endsWith("/worker.json")) return { stdout: `${fence}${delivered.get(host)?.get("worker.json") ?? ""}` };
      return line.endsWith("/fence") ? { stdout: fence } : undefined;
    },
    async once({ id, replaces }, work) {
      for (const step of replaces) if (!receipts.has(step)) receipts.set(step, ENDED);
      const known = receipts.get(id);
      if (known !== undefined) return known;
      const code = await work().then(
        () => 0,
        (cause: unknown) => {
          if (isMaandError(cause) && cause.exit !== undefined) return cause.exit;
          throw cause;
        },
      );
      receipts.set(id, code);
      return code;
    },
    reboot: (host) => void boots.set(host, (boots.get(host) ?? 1) + 1),
  };
}

/** The exit code of a step that must no longer begin. */
const ENDED = 130;
