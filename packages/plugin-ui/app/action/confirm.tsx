import { useState } from "preact/hooks";
import type { ConfirmAnswer } from "../../src/contract.ts";
import { CommandLine } from "../parts/copy.tsx";

/** A description of exactly what will happen, with numbers, and the button that starts it. */
export function Confirm({
  confirm,
  label,
  danger,
  run,
}: {
  readonly confirm: ConfirmAnswer["confirm"];
  readonly label: string;
  readonly danger: boolean;
  readonly run: (token: string) => void;
}) {
  const [isSent, setSent] = useState(false);
  const send = () => {
    setSent(true);
    run(confirm.token);
  };
  return (
    <>
      <p class="question">{confirm.text}</p>
      {confirm.items.length > 0 && (
        <ul class="items">
          {confirm.items.map((item) => (
            <li key={item}>{item}</li>
          ))}
        </ul>
      )}
      <p class="muted">
        The same in a terminal: <CommandLine command={confirm.command} />
      </p>
      <p class="buttons">
        <button type="button" class="quiet" onClick={({ currentTarget }) => currentTarget.closest("dialog")?.close()}>
          Cancel
        </button>
        <button type="button" class={danger ? "danger" : "primary"} disabled={isSent} onClick={send}>
          {isSent ? "Starting …" : label}
        </button>
      </p>
    </>
  );
}
