import { signal } from "@preact/signals";
import { parseRoute, type Route, routeText } from "../model/route.ts";

/** The current route. */
export const place = signal<Route>(parseRoute(location.hash));

/** Follows the URL, so that links and the buttons of the browser work. */
export function followAddress(): void {
  addEventListener("hashchange", () => {
    place.value = parseRoute(location.hash);
  });
}

/** Goes to another route. */
export function go(to: Route): void {
  location.hash = routeText(to);
}

/** Changes the filters or opened parts of the current page, without a new entry in the browser history. */
export function refine(to: Route): void {
  history.replaceState(null, "", routeText(to));
  place.value = to;
}
