import { now } from "../data/clock.ts";
import { session } from "../data/session.ts";
import { connection } from "../data/stream.ts";
import { THEMES, theme } from "../data/theme.ts";
import { agoText, clockText } from "../model/time-text.ts";
import { To } from "../parts/link.tsx";
import { isHelpOpen } from "./shortcuts.tsx";

/** The bucket, the age of the shown data, and the settings of the page. */
export function Header() {
  const { bucket, allow, live } = session.value ?? {};
  return (
    <header>
      <To page="fleet" class="home">
        <span class="brand">maand</span> <span class="bucket">{bucket?.name}</span>
      </To>
      <Freshness />
      {live && allow?.length === 0 && <span class="pill">read-only</span>}
      <span class="grow" />
      <label class="theme">
        <span class="unseen">Colours</span>
        <select
          value={theme.value}
          onChange={({ currentTarget }) => {
            theme.value = THEMES.find((one) => one === currentTarget.value) ?? "auto";
          }}
        >
          <option value="auto">auto</option>
          <option value="light">light</option>
          <option value="dark">dark</option>
        </select>
      </label>
      <button
        type="button"
        class="quiet"
        aria-label="Keyboard shortcuts"
        onClick={() => {
          isHelpOpen.value = true;
        }}
      >
        ?
      </button>
    </header>
  );
}

/** Shows whether the shown data is up to date. */
function Freshness() {
  const { exported } = session.value ?? {};
  if (exported) {
    return <span class="pill fresh warn">snapshot of {clockText(exported.at, now.value)}: nothing here is live</span>;
  }
  const { state, lastDataAt } = connection.value;
  if (state === "live") {
    return (
      <span class="pill fresh ok">
        <span class="beat" aria-hidden="true" /> live
      </span>
    );
  }
  if (state === "connecting") return <span class="pill fresh">connecting …</span>;
  return (
    <span class="pill fresh bad" role="alert">
      connection lost: as of {clockText(lastDataAt, now.value)},{" "}
      <span aria-hidden="true">{agoText(now.value - lastDataAt)}</span>
    </span>
  );
}
