import { useState } from "preact/hooks";
import type { ActionRequest, ConfirmAnswer, StartedAnswer } from "../../src/contract.ts";
import { announce } from "../data/announce.ts";
import { go } from "../data/navigation.ts";
import type { RequestError } from "../data/request-error.ts";
import { refreshAll } from "../data/resource.ts";
import { isAllowed, post } from "../data/session.ts";
import { route } from "../model/route.ts";
import { Dialog } from "../parts/dialog.tsx";
import { ErrorNotice } from "../parts/notice.tsx";
import { Confirm } from "./confirm.tsx";
import { Started } from "./started.tsx";

type Step =
  | { readonly is: "asking" }
  | { readonly is: "confirming"; readonly confirm: ConfirmAnswer["confirm"] }
  | { readonly is: "started"; readonly command: string }
  | { readonly is: "refused"; readonly error: RequestError };

/**
 * A button for an action that the server allows; absent if the server does not allow it. The server first describes
 * exactly what would happen.
 */
export function ActionButton({
  action,
  label,
  danger = false,
}: {
  readonly action: ActionRequest;
  readonly label: string;
  /** Whether the action stops or reverts something. */
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

/** Starts the action, and opens its run as soon as the run has a record. */
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
      return <p class="empty">Loading what the action would do …</p>;
    case "refused":
      return <ErrorNotice error={step.error} />;
    case "started":
      return <Started command={step.command} />;
    case "confirming":
      return <Confirm confirm={step.confirm} label={label} danger={danger} run={run} />;
  }
}
