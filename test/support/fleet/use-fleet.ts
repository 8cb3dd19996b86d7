import type { MaandError } from "@maand/core";
import type { SshOptions } from "@maand/plugin-ssh";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type Fleet, type FleetOptions, startFleet } from "./fleet.ts";
import { remotesFor, type WorkerRemotes } from "./remotes.ts";

/** The fleet of a test file. */
export interface UsedFleet {
  fleet(): Fleet;
  /** Connects to its workers. The connections are closed after the test. */
  remotes(options?: SshOptions): WorkerRemotes;
}

/** Starts a fleet before the tests of a file, and stops it after them. */
export function useFleet(count: number, options: Omit<FleetOptions, "count"> = {}): UsedFleet {
  let started: Fleet | undefined;
  const opened: WorkerRemotes[] = [];
  const fleet = (): Fleet => {
    if (!started) throw new Error("the fleet is not started yet");
    return started;
  };
  beforeAll(async () => {
    started = await startFleet({ count, ...options });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((remotes) => remotes.close()));
  });
  afterAll(() => started?.close());
  return {
    fleet,
    remotes(ssh) {
      const remotes = remotesFor(fleet(), ssh);
      opened.push(remotes);
      return remotes;
    },
  };
}

/** The error with which a promise is rejected. Fails the test if the promise is fulfilled. */
export function failure(promise: Promise<unknown>): Promise<MaandError> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: MaandError) => error,
  );
}
