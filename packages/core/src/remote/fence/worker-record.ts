import type { Remote } from "../remote.ts";

/** The records of a worker about itself, as strings; empty for a missing file. */
export interface WorkerRecord {
  /** The record of the command that last changed it. A text that begins with `!` explains why it cannot be trusted. */
  readonly fence: string;
  /** Its `worker.json`. */
  readonly workerJson: string;
}

/** Reads the record of a worker; undefined if the record cannot be read this way, or might be out of date. */
export type RecordReader = () => Promise<WorkerRecord | undefined>;

/**
 * How plugins read the records of connected workers. The readers are kept here, so transports need no code for them.
 */
const readers = new WeakMap<object, RecordReader>();

/**
 * Registers a way to read the record of a worker without opening a channel for it, because the plugin uses the same
 * channel for the next command.
 */
export function setRecordReader(remote: Remote, reader: RecordReader): void {
  readers.set(remote, reader);
}

/** The reader of a connection; undefined if no plugin offers one. */
export function recordReaderOf(remote: Remote): RecordReader | undefined {
  return readers.get(remote);
}
