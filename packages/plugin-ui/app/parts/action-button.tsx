import { useState } from "preact/hooks";
import type { ActionRequest, ConfirmAnswer, StartedAnswer } from "../../src/contract.ts";
import { announce } from "../data/announce.ts";
import { go } from "../data/navigation.ts";
import type { RequestError } from "../data/request-error.ts";
import { refreshAll } from "../data/resource.ts";
import { isAllowed, post } from "../data/session.ts";
import { route } from "../model/route.ts";
import { CommandLine } from "./copy.tsx";
import { Dialog } from "./dialog.tsx";
import { ErrorNotice } from "./notice.tsx";

type Step =
  | { readonly is: "asking" }
  | { readonly is: "confirming"; readonly confirm: ConfirmAnswer["confirm"] }
  | { readonly is: "started"; readonly command: string }
  | { readonly is: "refused"; readonly error: RequestError };

/** A button for an action that the server allows; absent if it does not. The server says first what exactly would happen. */
export function ActionButton({
  action,
  label,
  danger = false,
}: {
  readonly action: ActionRequest;
  readonly label: string;
  /** Whether it stops or reverts something. */
  readonly danger?: boolean;
}) {
  const [step, setStep] = useState<Step>();
  if (!isAllowed(action.verb)) return null;
  const attempt = (work: Promise<Step | undefined>) =>
    void work.then(setStep, (error: RequestError) => setStep({ is: "refused", error }));
  const ask = () => {
    setStep({ is: "asking" });
    attempt(post<ConfirmAnswer>("actions", action).then(({ confirm }): Step => ({ is: "confirming", confirm })));
  };
  const run = (token: string) => attempt(start(action, token));
  return (
    <>
      <button type="button" class={danger ? "danger" : "primary"} onClick={ask}>
        {label}
      </button>
      {step && (
        <Dialog title={label} onClose={() => setStep(undefined)}>
          <Steps step={step} label={label} danger={danger} run={run} />
        </Dialog>
      )}
    </>
  );
}

/** Starts the action, and opens its run as soon as that has a record. */
async function start(action: ActionRequest, token: string): Promise<Step | undefined> {
  const { started } = await post<StartedAnswer>("actions", { ...action, confirm: token });
  announce(`${started.command} started`);
  refreshAll();
  if (started.run === null) return { is: "started", command: started.command };
  go(route("run", started.run));
  return undefined;
}

function Steps({
  step,
  label,
  danger,
  run,
}: {
  readonly step: Step;
  readonly label: string;
  readonly danger: boolean;
  readonly run: (token: string) => void;
}) {
  switch (step.is) {
    case "asking":
      return <p class="empty">Asking the server what this does …</p>;
    case "refused":
      return <ErrorNotice error={step.error} />;
    case "started":
      return (
        <p>
          Started: <code>{step.command}</code>. Its run appears in the history as soon as it has a record.
        </p>
      );
    case "confirming":
      return <Confirm confirm={step.confirm} label={label} danger={danger} run={run} />;
  }
}

function Confirm({
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
