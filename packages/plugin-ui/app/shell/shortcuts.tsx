import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { go } from "../data/navigation.ts";
import { refreshAll } from "../data/resource.ts";
import { stored } from "../data/stored.ts";
import { THEMES, theme } from "../data/theme.ts";
import { route } from "../model/route.ts";
import { Dialog } from "../parts/dialog.tsx";
import { DESTINATIONS } from "./navigation.tsx";

/** Whether the list of shortcuts is shown. */
export const isHelpOpen = signal(false);
/** Keys without Ctrl or Alt can be switched off, for users of speech input. */
const isOn = signal(stored.get("shortcuts") !== "off");

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ["?", "this list"],
  ["/", "filter"],
  ["u", "fetch the page again"],
  ["t", "colours: as the system, light, dark"],
  ["arrows, Home, End, Page Up, Page Down", "move in the grid of the fleet; scroll a log"],
  ["Enter", "open the worker of a cell"],
  ["Shift+Enter", "open the job of a cell"],
  ["← →", "on the slider of a run: one event back or forward"],
  ["Esc", "close a dialog"],
];

/** Listens for shortcuts, and lists them on `?`. */
export function Shortcuts() {
  useEffect(() => {
    const listen = listener();
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  if (!isHelpOpen.value) return null;
  return (
    <Dialog
      title="Keyboard shortcuts"
      onClose={() => {
        isHelpOpen.value = false;
      }}
    >
      <dl class="keys">
        {DESTINATIONS.map(({ key, name }) => (
          <Row key={key} keys={`g ${key}`} does={name} />
        ))}
        {KEYS.map(([keys, does]) => (
          <Row key={keys} keys={keys} does={does} />
        ))}
      </dl>
      <label class="check">
        <input type="checkbox" checked={isOn.value} onChange={({ currentTarget }) => turn(currentTarget.checked)} />
        Shortcuts of one letter are on
      </label>
    </Dialog>
  );
}

function Row({ keys, does }: { readonly keys: string; readonly does: string }) {
  return (
    <>
      <dt>
        <kbd>{keys}</kbd>
      </dt>
      <dd>{does}</dd>
    </>
  );
}

function turn(on: boolean): void {
  isOn.value = on;
  stored.set("shortcuts", on ? "on" : "off");
}

function listener() {
  let isGoing = false;
  return (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target) || !isOn.peek()) return;
    const destination = isGoing ? DESTINATIONS.find(({ key }) => key === event.key) : undefined;
    isGoing = event.key === "g" && !isGoing;
    if (destination) go(route(destination.page));
    else if (!act(event.key)) return;
    event.preventDefault();
  };
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (document.querySelector("dialog[open]")) return true;
  return target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== "range");
}

/** Carries out the command of a key; returns false for other keys. */
function act(key: string): boolean {
  switch (key) {
    case "?":
      isHelpOpen.value = true;
      return true;
    case "/":
      document.querySelector<HTMLElement>("[data-filter]")?.focus();
      return true;
    case "u":
      refreshAll();
      return true;
    case "t":
      theme.value = THEMES[(THEMES.indexOf(theme.peek()) + 1) % THEMES.length] ?? "auto";
      return true;
    default:
      return false;
  }
}
