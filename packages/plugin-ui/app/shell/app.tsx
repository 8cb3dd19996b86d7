import { useEffect, useRef } from "preact/hooks";
import { announcement } from "../data/announce.ts";
import { place } from "../data/navigation.ts";
import { session, sessionError } from "../data/session.ts";
import { ErrorNotice } from "../parts/notice.tsx";
import { CurrentPage, titleOf } from "./current-page.tsx";
import { Header } from "./header.tsx";
import { Login } from "./login.tsx";
import { Navigation } from "./navigation.tsx";
import { Shortcuts } from "./shortcuts.tsx";

/** The application: the frame of every page, or the reason why there is no page. */
export function App() {
  if (session.value) return <Shell />;
  const error = sessionError.value;
  if (error?.status === 401) return <Login reason={error} />;
  return <main class="alone">{error ? <ErrorNotice error={error} /> : <p class="empty">Loading …</p>}</main>;
}

function Shell() {
  const main = useRef<HTMLElement>(null);
  const { page, name } = place.value;
  const title = titleOf(place.value);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · ${session.peek()?.bucket.name ?? "maand"}`;
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [page, name]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header />
      <Navigation />
      <main id="main" ref={main} tabIndex={-1}>
        <CurrentPage key={`${page}/${name}`} place={place.value} />
      </main>
      <p class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </p>
      <Shortcuts />
    </>
  );
}
