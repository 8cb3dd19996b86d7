import { isSecret, NAMESPACE } from "../domain/kv/kv-names.ts";
import type { ContributeContext, KvContribution } from "../plugin-api/contexts.ts";
import type { FakeKv } from "./fake-kv.ts";
import { jobContext } from "./job-contexts.ts";
import type { Recording } from "./run-context.ts";
import { aWorker } from "./samples.ts";

/** A call to `kv.sync`. A call to `kv.syncAllocations` is recorded as one such call for each allocation. */
export interface SyncedKv {
  readonly namespace: string;
  readonly prefix: string;
  readonly entries: Readonly<Record<string, string>>;
}

/**
 * `contribute`: job `api` with one allocation; `stored` are the entries of an earlier build, `synced` records the calls
 * to `sync`.
 */
export function contributeContext(
  over: Partial<ContributeContext> & { readonly stored?: FakeKv } = {},
): ContributeContext & Recording & { readonly synced: readonly SyncedKv[] } {
  const { stored = {}, ...given } = over;
  const synced: SyncedKv[] = [];
  const base = jobContext(given);
  const sync: KvContribution["sync"] = (namespace, prefix, entries) => void synced.push({ namespace, prefix, entries });
  const context: ReturnType<typeof contributeContext> = {
    ...base,
    workers: new Map(base.allocations.map(({ host }) => [host, aWorker({ host })])),
    kv: {
      find: (namespace, key) => stored[namespace]?.[key],
      keys: (namespace) => Object.keys(stored[namespace] ?? {}).sort(),
      sync,
      syncAllocations(prefix, entries) {
        for (const { host } of context.allocations)
          sync(NAMESPACE.allocation(context.job.name, host), prefix, entries.get(host) ?? {});
      },
      isSecret,
    },
    now: () => new Date(0),
    isPreview: false,
    ...given,
    synced,
  };
  return context;
}
