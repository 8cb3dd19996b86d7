import { effect } from "@preact/signals";
import { render } from "preact";
import { startClock } from "./data/clock.ts";
import { followAddress, go } from "./data/navigation.ts";
import { readFrom, wake } from "./data/resource.ts";
import { loadSession, session } from "./data/session.ts";
import { sourceOf } from "./data/source.ts";
import { followStream } from "./data/stream.ts";
import { applyTheme } from "./data/theme.ts";
import { route } from "./model/route.ts";
import { App } from "./shell/app.tsx";
import "./style/index.css";

readFrom(sourceOf(document));
applyTheme(document);
followAddress();
startClock();
void loadSession();

const stop = effect(() => {
  if (session.value === undefined) return;
  const { live, exported } = session.value;
  if (live) followStream({ onWake: wake, onLost: () => void loadSession() });
  if (exported && location.hash === "") go(route("run", exported.run));
  queueMicrotask(() => stop());
});

const root = document.getElementById("app");
if (root) render(<App />, root);
