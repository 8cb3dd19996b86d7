import { effect } from "@preact/signals";
import { render } from "preact";
import { startClock } from "./data/clock.ts";
import { followAddress } from "./data/navigation.ts";
import { readFrom, wake } from "./data/resource.ts";
import { loadSession, session } from "./data/session.ts";
import { sourceOf } from "./data/source.ts";
import { followStream } from "./data/stream.ts";
import { applyTheme } from "./data/theme.ts";
import { App } from "./shell/app.tsx";
import "./style/index.css";

readFrom(sourceOf(document));
applyTheme(document);
followAddress();
startClock();
void loadSession();

const stop = effect(() => {
  if (session.value === undefined) return;
  if (session.value.live) followStream(wake);
  queueMicrotask(() => stop());
});

const root = document.getElementById("app");
if (root) render(<App />, root);
