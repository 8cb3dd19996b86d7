import { signal } from "@preact/signals";

/** The present time in milliseconds, as ages are counted; once per second while the page is visible. */
export const now = signal(Date.now());

/** Starts the clock. */
export function startClock(): void {
  setInterval(() => {
    if (document.visibilityState === "visible") now.value = Date.now();
  }, 1000);
}
