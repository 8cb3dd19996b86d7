/** Counts of the requests of a controller to its workers. */
export interface Counts {
  /** Connections, including those that failed. */
  connections: number;
  /** Commands and streams on connections, each of which is a channel of ssh and a process on the worker. */
  channels: number;
  /** Requests to serving runners. */
  requests: number;
  /** Targets and commands that runners ran, each of which is a process on the worker. */
  processes: number;
  /** Contents of files that were sent. */
  contents: number;
  /** Bytes from the controller to workers. */
  bytesSent: number;
  /** Bytes from workers to the controller. */
  bytesReceived: number;
  /** The longest chain of messages with a worker that each waited for the previous one, without connecting. */
  roundTrips: number;
}

/** New counts, all zero. */
export function noCounts(): Counts {
  return {
    connections: 0,
    channels: 0,
    requests: 0,
    processes: 0,
    contents: 0,
    bytesSent: 0,
    bytesReceived: 0,
    roundTrips: 0,
  };
}
