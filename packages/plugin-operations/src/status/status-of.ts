import { type BucketPaths, loadUnbuilt, type Store } from "@maand/core/readonly";
import { statusRecord } from "../output/status-record.ts";
import { bucketStatus } from "./bucket-status.ts";

/** The output of `maand status --json`, from the store and the workspace. */
export async function statusOf(store: Store, paths: BucketPaths, now: Date): Promise<object> {
  const { unbuiltParts } = await loadUnbuilt();
  return statusRecord(bucketStatus(store, { now, unbuilt: unbuiltParts({ store, paths }) }), now);
}
