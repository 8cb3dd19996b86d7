import { type ReadonlySignal, signal } from "@preact/signals";
import type { EventsAnswer, RunAnswer } from "../../src/contract.ts";
import { foldEvents } from "../model/run/fold-event.ts";
import type { RunEvent } from "../model/run/run-event.ts";
import { RunHistory } from "../model/run/run-history.ts";
import { pace } from "./pace.ts";
import type { RequestError } from "./request-error.ts";
import { currentSource, onWake } from "./resource.ts";

/** A shown run. Its history grows; `version` changes whenever the history does. */
export interface FollowedRun {
  readonly answer: RunAnswer | undefined;
  readonly history: RunHistory;
  readonly version: number;
  /** Whether the run is over and all its events were read. */
  readonly isOver: boolean;
  readonly error: RequestError | undefined;
}

/** The maximum number of events of one response. */
const LIMIT = 5000;

/**
 * Reads a run from its first event, and then new events whenever the stream reports them. `stop` ends this and aborts a
 * running request.
 */
export function followRun(id: string): { readonly run: ReadonlySignal<FollowedRun>; stop(): void } {
  const history = new RunHistory();
  const run = signal<FollowedRun>({ answer: undefined, history, version: 0, isOver: false, error: undefined });
  const position = { after: 0, cursor: undefined as number | undefined, full: id };
  const read = async (abort: AbortSignal) => {
    try {
      const answer = await currentSource().get<RunAnswer>(`runs/${id}`, {}, abort);
      position.full = answer.run.id ?? id;
      run.value = { ...run.peek(), answer, error: undefined };
      await readEvents(position, abort, (events, over) => {
        foldEvents(history, events);
        const { version } = run.peek();
        run.value = { ...run.peek(), answer, version: version + 1, isOver: over };
      });
    } catch (error) {
      if (!abort.aborted) run.value = { ...run.peek(), error: error as RequestError };
    }
  };
  const paced = pace(read);
  const forget = onWake(["run", "fleet"], undefined, () => {
    if (!run.peek().isOver) paced.refresh();
  });
  paced.refresh();
  return {
    run,
    stop() {
      forget();
      paced.stop();
    },
  };
}

/** Reads responses until they contain no new events. */
async function readEvents(
  position: { after: number; cursor: number | undefined; readonly full: string },
  abort: AbortSignal,
  take: (events: readonly RunEvent[], over: boolean) => void,
): Promise<void> {
  for (;;) {
    const path = `runs/${position.full}/events`;
    const { after, cursor } = position;
    const answer = await currentSource().get<EventsAnswer>(path, { after, cursor, limit: LIMIT }, abort);
    position.after = answer.last;
    position.cursor = answer.cursor;
    take(answer.events as readonly unknown[] as readonly RunEvent[], answer.over && !answer.more);
    if (!answer.more) return;
  }
}
