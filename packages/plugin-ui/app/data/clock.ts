import { signal } from "@preact/signals";

/** The current time in milliseconds, for ages; updated once per second while the page is visible. */
export const now = signal(Date.now());

/** Starts the clock. */
export function startClock(): void {
  setInterval(() => {
    if (document.visibilityState === "visible") now.value = Date.now();
  }, 1000);
}
