/** Makes an element that can scroll reachable by keyboard, so that arrow keys scroll it; for `ref`. */
export function reachable(element: HTMLElement | null): void {
  if (element) element.tabIndex = 0;
}
