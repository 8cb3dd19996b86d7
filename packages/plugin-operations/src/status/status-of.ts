import { type BucketPaths, loadUnbuilt, type Store } from "@maand/core/readonly";
import { statusRecord } from "../output/status-record.ts";
import { bucketStatus } from "./bucket-status.ts";

/** What `maand status --json` prints, from the store and the workspace. */
export async function statusOf(store: Store, paths: BucketPaths, now: Date): Promise<object> {
  const { unbuiltParts } = await loadUnbuilt();
  return statusRecord(bucketStatus(store, { now, unbuilt: unbuiltParts({ store, paths }) }), now);
}
