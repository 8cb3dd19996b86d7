/** A row of a bucket, as in the table `record`. */
export interface SimulatedRecord {
  readonly name: string;
  readonly key: string;
  readonly row: string | null;
  readonly bytes: Buffer | null;
  readonly revision: number;
}

/** A row of the table `upload`, with the number of its part. */
export interface SimulatedUpload extends SimulatedRecord {
  readonly part: number;
}

/** A row of the table `lease`. `expiresAt` is a time on the clock of the database. */
export interface SimulatedLease {
  readonly number: number;
  readonly nonce: string | null;
  readonly holder: string | null;
  readonly expiresAt: number | null;
}

/**
 * Everything that the database stores for one bucket. A statement replaces the state instead of changing it, so that
 * the state after each commit can be restored.
 */
export interface BucketState {
  readonly revision: number;
  readonly version: number;
  readonly pruned: number;
  readonly movedTo: string | null;
  /** By name and key. */
  readonly records: ReadonlyMap<string, SimulatedRecord>;
  /** The revisions of changes, by id. */
  readonly changes: ReadonlyMap<string, number>;
  readonly lease: SimulatedLease | undefined;
  /** Rows of changes that are not stored yet, by change, and by name and key. */
  readonly uploads: ReadonlyMap<string, ReadonlyMap<string, SimulatedUpload>>;
}

export function emptyBucket(version: number): BucketState {
  return {
    ...{ revision: 0, version, pruned: 0, movedTo: null },
    ...{ records: new Map(), changes: new Map(), lease: undefined, uploads: new Map() },
  };
}

export function recordId({ name, key }: Pick<SimulatedRecord, "name" | "key">): string {
  return `${name}\n${key}`;
}
