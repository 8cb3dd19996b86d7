import { readFileSync, statSync } from "node:fs";

/**
 * The variable with the name of a copy of a bucket, for environments where the files of the bucket are new each time,
 * such as CI.
 */
export const COPY_VARIABLE = "MAAND_COPY";

/** What distinguishes a copy of a bucket from other copies: the file of its store, or its name. */
export type CopyPlace =
  | { readonly name: string }
  | {
      readonly inode: string;
      /** When the file was created, in nanoseconds; empty if the file system does not record it. */
      readonly born: string;
      /** The id of the machine; empty in a container without one. */
      readonly machine: string;
    };

/** The place of a store; undefined if the store is not a file, such as a store in memory. */
export function copyPlace(file: string, name = process.env[COPY_VARIABLE]): CopyPlace | undefined {
  if (name !== undefined && name !== "") return { name };
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  if (!stats) return undefined;
  // a system that does not record the creation time reports 0 or the time of the last change
  const isRecorded = stats.birthtimeNs > 0n && stats.birthtimeNs !== stats.ctimeNs;
  return { inode: String(stats.ino), born: isRecorded ? String(stats.birthtimeNs) : "", machine: machineId() };
}

/** Whether two places are the same. A property that one of them does not record is ignored. */
export function isSamePlace(one: CopyPlace, other: CopyPlace): boolean {
  if ("name" in one || "name" in other) return "name" in one && "name" in other && one.name === other.name;
  return one.inode === other.inode && agree(one.born, other.born) && isSameMachine(one, other);
}

/** Whether two places without a name could be on the same machine. */
export function isSameMachine(one: CopyPlace, other: CopyPlace): boolean {
  return !("name" in one) && !("name" in other) && agree(one.machine, other.machine);
}

function agree(one: string, other: string): boolean {
  return one === "" || other === "" || one === other;
}

function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}
