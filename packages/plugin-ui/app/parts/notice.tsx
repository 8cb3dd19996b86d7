import type { ComponentChildren } from "preact";
import type { RequestError } from "../data/request-error.ts";
import type { Shown } from "../data/resource.ts";

/** A refusal or failure: the message, and the next step. */
export function ErrorNotice({ error }: { readonly error: Pick<RequestError, "message" | "hint"> }) {
  return (
    <div class="notice bad" role="alert">
      <p>{error.message}</p>
      {error.hint && <p class="hint">{error.hint}</p>}
    </div>
  );
}

/** A sentence in place of missing content. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Shows a response as soon as it arrives, and above it the reason why a newer response could not be fetched. */
export function Loaded<T>({
  shown,
  children,
}: {
  readonly shown: Shown<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  return (
    <>
      {shown.error && <ErrorNotice error={shown.error} />}
      {shown.data === undefined ? !shown.error && <Empty>Loading …</Empty> : children(shown.data)}
    </>
  );
}
