/** The minimum time between two starts of the work, however often it is requested. */
export const PACE_MS = 400;

/** Runs work at most once at a time and not too often. A request while it is running runs it once more afterwards. */
export function pace(work: (abort: AbortSignal) => Promise<void>): { refresh(): void; stop(): void } {
  let abort = new AbortController();
  let [isBusy, isRequestedAgain] = [false, false];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const refresh = () => {
    if (isBusy) {
      isRequestedAgain = true;
      return;
    }
    isBusy = true;
    const { signal } = abort;
    void work(signal).finally(() => {
      if (!signal.aborted) timer = setTimeout(again, PACE_MS);
    });
  };
  const again = () => {
    const isWanted = isRequestedAgain;
    [isBusy, isRequestedAgain] = [false, false];
    if (isWanted) refresh();
  };
  const stop = () => {
    clearTimeout(timer);
    abort.abort();
    abort = new AbortController();
    [isBusy, isRequestedAgain] = [false, false];
  };
  return { refresh, stop };
}
