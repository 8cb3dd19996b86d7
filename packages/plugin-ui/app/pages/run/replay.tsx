import { useEffect, useState } from "preact/hooks";
import type { RunHistory } from "../../model/run/run-history.ts";
import type { RunView } from "../../model/run/run-view.ts";
import { clockText } from "../../model/time-text.ts";

/** The duration of a replay, regardless of the number of events. */
const REPLAY_MS = 12_000;
const FRAME_MS = 100;

/** A slider over the events of a run, and a button that plays them. At its end, the slider follows new events. */
export function Replay({
  history,
  at,
  setAt,
  view,
  isLive,
}: {
  readonly history: RunHistory;
  /** The shown event; undefined means the last event. */
  readonly at: number | undefined;
  readonly setAt: (at: number | undefined) => void;
  readonly view: RunView;
  readonly isLive: boolean;
}) {
  const [isPlaying, setPlaying] = useState(false);
  const last = history.seq;
  useEffect(() => {
    if (!isPlaying) return;
    const step = Math.max(1, Math.round((history.seq * FRAME_MS) / REPLAY_MS));
    let seq = at === undefined ? 0 : at;
    const timer = setInterval(() => {
      seq += step;
      if (seq < history.seq) return setAt(seq);
      setAt(undefined);
      setPlaying(false);
    }, FRAME_MS);
    return () => clearInterval(timer);
  }, [isPlaying]);
  if (last < 2) return null;
  const time = clockText(view.at, view.at);
  const place = at === undefined ? (isLive ? "live" : "end") : `event ${view.seq} of ${last}`;
  return (
    <div class="replay">
      <button
        type="button"
        onClick={() => {
          if (!isPlaying && at === undefined) setAt(1);
          setPlaying(!isPlaying);
        }}
      >
        {isPlaying ? "Pause" : "Replay"}
      </button>
      <input
        type="range"
        aria-label="Moment of the run"
        aria-valuetext={`${time}, ${place}`}
        min={1}
        max={last}
        value={at ?? last}
        onInput={({ currentTarget }) => {
          setPlaying(false);
          const seq = Number(currentTarget.value);
          setAt(seq >= last ? undefined : seq);
        }}
      />
      <output>
        {time} <span class="muted">{place}</span>
      </output>
      {at !== undefined && !isPlaying && (
        <button type="button" class="quiet" onClick={() => setAt(undefined)}>
          to the {isLive ? "present" : "end"}
        </button>
      )}
    </div>
  );
}
