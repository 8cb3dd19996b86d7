/** Makes a scrollable element focusable, so that arrow keys scroll it; for `ref`. */
export function reachable(element: HTMLElement | null): void {
  if (element) element.tabIndex = 0;
}
