import { effect, signal } from "@preact/signals";
import { stored } from "./stored.ts";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The colours: as in the system, or always light or dark. The browser stores the choice. */
export const theme = signal<Theme>(THEMES.find((one) => one === stored.get("theme")) ?? "auto");

/** Applies the theme to the page, now and whenever it changes. */
export function applyTheme(page: Document): void {
  effect(() => {
    page.documentElement.dataset.theme = theme.value;
    stored.set("theme", theme.value);
  });
}
