import { place } from "../data/navigation.ts";
import type { Page } from "../model/route.ts";
import { route, routeText } from "../model/route.ts";

/** The pages in the navigation, with the key that follows `g`. */
export const DESTINATIONS: readonly { readonly page: Page; readonly name: string; readonly key: string }[] = [
  { page: "fleet", name: "Fleet", key: "f" },
  { page: "plan", name: "Plan", key: "p" },
  { page: "history", name: "History", key: "h" },
  { page: "certificates", name: "Certificates", key: "c" },
  { page: "doctor", name: "Doctor", key: "d" },
];

/** A page of a single job, worker or run belongs to the page that lists it. */
const HOME: Readonly<Partial<Record<Page, Page>>> = { job: "fleet", worker: "fleet", run: "history" };

/** Links to the pages. */
export function Navigation() {
  const { page } = place.value;
  return (
    <nav aria-label="Pages">
      <ul>
        {DESTINATIONS.map((one) => (
          <li key={one.page}>
            <a
              href={routeText(route(one.page))}
              aria-current={one.page === page ? "page" : one.page === HOME[page] ? "true" : undefined}
            >
              {one.name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
