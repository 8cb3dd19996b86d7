import { signal } from "@preact/signals";

/** What a screen reader says next. */
export const announcement = signal("");

/** Tells readers of a screen reader what others see. */
export function announce(text: string): void {
  announcement.value = text;
}
