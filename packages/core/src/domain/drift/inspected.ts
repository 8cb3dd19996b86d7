/** A requested regular file on a worker. @experimental */
export interface InspectedFile {
  /** Relative to the job's directory. */
  readonly path: string;
  /** SHA-256 of its content, lower-case hex. */
  readonly hash: string;
  /** Bytes. */
  readonly size: number;
  /** Permission bits, including setuid, setgid and sticky. */
  readonly mode: number;
  /** Numeric id of its owner; absent if the request has no owner. */
  readonly uid?: number;
  /** Numeric id of its group; absent if the request has no group. */
  readonly gid?: number;
  /** Present if its hash differs from the expected one and it is not larger than `contentLimit`. */
  readonly content?: Uint8Array;
}

/**
 * Anything else in a job's directory: paths that were not requested, and anything in place of a requested file or its
 * directory. @experimental
 */
export interface InspectedOther {
  /** Relative to the job's directory. The contents of a directory with this path are not listed. */
  readonly path: string;
  readonly kind: "file" | "directory" | "link" | "special";
  /** The target of a link. */
  readonly target?: string;
}

/** The directory of a job on a worker. @experimental */
export interface InspectedJob {
  readonly files: readonly InspectedFile[];
  readonly others: readonly InspectedOther[];
  /** Whether more paths exist than `others` lists. */
  readonly hasMore: boolean;
  /** Files and directories that could not be read, with the reason. */
  readonly unread: readonly { readonly path: string; readonly reason: string }[];
}
