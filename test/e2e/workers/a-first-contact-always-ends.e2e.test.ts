import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onFleet } from "../../support/bucket/fleet-bucket.ts";
import { MAAND } from "../../support/bucket/maand.ts";
import { run } from "../../support/fleet/command.ts";
import { type Fleet, startFleet, until } from "../../support/fleet/index.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
});
afterAll(() => fleet.close());

/** Runs a shell line in a bucket, where `$@` is maand. Exit code 124 or 137 means that the line did not end by itself. */
function shell(line: string, root: string, args: readonly string[]) {
  const maand = ["timeout", "-k", "1", "20", process.execPath, MAAND, "-C", root, ...args];
  return run(["env", `SECRETS=${root}/secrets`, "unshare", "--mount", "sh", "-c", line, "sh", ...maand]);
}

/** A line that mounts secrets/ read-only, for this command only. */
const READ_ONLY = 'mount --bind "$SECRETS" "$SECRETS" && mount -o remount,ro,bind "$SECRETS" || exit 99; exec "$@"';

const NEVER_ENDED = [124, 137, null];

describe("the first connection to a worker fails and leaves no connection open if", () => {
  it.each([["deploy"], ["run_command", "uptime"], ["health_check"], ["doctor"]])(
    "secrets/ is not writable: %s %s",
    (...args) =>
      onFleet(fleet, async ({ bucket, workers }) => {
        bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
        expect(await bucket.maand("build")).toMatchObject({ code: 0 });
        const words = args.filter((word) => word !== undefined);
        const { code, stdout, stderr } = await shell(READ_ONLY, bucket.root, words);
        expect(NEVER_ENDED).not.toContain(code);
        expect([1, 2]).toContain(code);
        expect(stdout + stderr).toMatch(/host key cannot be pinned in .*known_hosts.*(read-only|EROFS)/s);
        for (const worker of workers)
          await until("its sessions to end", () => worker.processesWith(`sshd: ${fleet.user}`).length === 0);
      }),
  );

  it("file descriptors run out", () =>
    onFleet(fleet, async ({ bucket, workers }) => {
      expect(await bucket.maand("build")).toMatchObject({ code: 0 });
      const hung: number[] = [];
      for (let limit = 24; limit <= 40; limit += 2) {
        const { code } = await shell(`ulimit -n ${limit}; exec "$@"`, bucket.root, ["run_command", "uptime"]);
        if (NEVER_ENDED.includes(code)) hung.push(limit);
        for (const worker of workers)
          await until("its sessions to end", () => worker.processesWith(`sshd: ${fleet.user}`).length === 0);
      }
      expect(hung).toEqual([]);
    }));
});
