import { type ReadonlySignal, signal } from "@preact/signals";
import type { LogAnswer, LogLine } from "../../src/contract.ts";
import {
  type LogWindow,
  linesOf,
  newerThan,
  olderThan,
  openWindow,
  withNewer,
  withOlder,
} from "../model/run/log-window.ts";
import type { RequestError } from "./request-error.ts";
import { currentSource, onWake } from "./resource.ts";
import type { Query } from "./source.ts";

/** The kept part of a log; undefined until its end was read. */
export interface FollowedLog {
  readonly window: LogWindow | undefined;
  readonly error: RequestError | undefined;
}

/**
 * The selected part of a run's output: the output of one job or of one of its workers, or all output if both are
 * empty.
 */
export interface LogPart {
  readonly job: string;
  readonly worker: string;
}

/** An open log. */
export interface OpenLogFile {
  readonly state: ReadonlySignal<FollowedLog>;
  /** Reads older lines, if there are any. */
  older(): void;
  newer(): void;
  /** Closes the log, and aborts a running request. */
  stop(): void;
}

/** The maximum number of lines of one response. */
const LIMIT = 500;
/** The minimum time between two reads of a followed log, however often the stream reports new events. */
const PACE_MS = 250;

/** Opens the log of a run at its end, and follows the log while its end is kept. One request runs at a time. */
export function followLog(id: string, part: LogPart): OpenLogFile {
  const state = signal<FollowedLog>({ window: undefined, error: undefined });
  const abort = new AbortController();
  const wanted = { older: false, newer: false };
  let [isReading, timer] = [false, 0];

  const read = (query: Query) => readPart(id, part, query, abort.signal);
  const step = async () => {
    const { window } = state.peek();
    if (!window) {
      const opened = openWindow(await read({}));
      wanted.older ||= linesOf(opened).length === 0; // a response may contain no line of this part although older lines exist
      return opened;
    }
    if (wanted.older) {
      wanted.older = false;
      const before = olderThan(window);
      if (before === null) return window;
      const above = withOlder(window, await read({ before }));
      wanted.older = linesOf(above).length === 0;
      return above;
    }
    wanted.newer = false;
    const below = withNewer(window, await read({ after: newerThan(window) }));
    wanted.newer ||= window.isAtEnd && !below.isAtEnd;
    return below;
  };
  const readAll = async () => {
    if (isReading) return;
    isReading = true;
    try {
      do state.value = { window: await step(), error: undefined };
      while ((wanted.older || wanted.newer) && !abort.signal.aborted);
    } catch (error) {
      if (!abort.signal.aborted) state.value = { ...state.peek(), error: error as RequestError };
    }
    isReading = false;
  };
  const want = (side: "older" | "newer") => {
    wanted[side] = true;
    void readAll();
  };
  const follow = () => {
    timer = 0;
    if (state.peek().window?.isAtEnd !== false) want("newer");
  };
  const forget = onWake(["run"], undefined, () => {
    timer ||= window.setTimeout(follow, PACE_MS);
  });
  void readAll();
  return {
    state,
    older() {
      const { window } = state.peek();
      if (window && olderThan(window) !== null) want("older");
    },
    newer() {
      if (state.peek().window?.isAtEnd === false) want("newer");
    },
    stop() {
      forget();
      clearTimeout(timer);
      abort.abort();
    },
  };
}

/** An export has the complete output in one file, so the lines of other jobs are removed here. */
async function readPart(id: string, { job, worker }: LogPart, query: Query, abort: AbortSignal): Promise<LogAnswer> {
  const path = `runs/${id}/log`;
  const answer = await currentSource().get<LogAnswer>(path, { job, worker, limit: LIMIT, ...query }, abort);
  const isOf = (line: LogLine) => (job === "" || line.job === job) && (worker === "" || line.worker === worker);
  return { ...answer, lines: answer.lines.filter(isOf) };
}
