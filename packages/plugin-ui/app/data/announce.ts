import { signal } from "@preact/signals";

/** The next text for screen readers. */
export const announcement = signal("");

/** Announces a visible change to users of a screen reader. */
export function announce(text: string): void {
  announcement.value = text;
}
