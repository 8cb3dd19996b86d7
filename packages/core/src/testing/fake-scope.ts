import type { AllocationScope } from "../plugin-api/scope.ts";
import { fakeKv } from "./fake-kv.ts";
import { fakeRemote } from "./fake-remote.ts";
import { anAllocation, aWorker } from "./samples.ts";

/** A scope without effects: an empty KV store, fake remotes, and targets that succeed. */
export function fakeScope(over: Partial<AllocationScope> = {}): AllocationScope {
  const allocation = over.allocation ?? anAllocation();
  return {
    allocation,
    worker: aWorker({ host: allocation.host }),
    index: allocation.index,
    currentVersion: "1.0.0",
    newVersion: "1.0.0",
    deployReason: "manual",
    log: () => undefined,
    command: (_name, _event, work) => work(),
    openKv: () => ({ ...fakeKv(), put: () => undefined, remove: () => false, commit: () => undefined }),
    remote: async (host) => fakeRemote({ host }),
    login: async () => undefined,
    runTarget: async () => ({ exit: 0, stdout: "", stderr: "" }),
    ...over,
  };
}
