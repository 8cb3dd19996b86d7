import type { ComponentChildren } from "preact";
import type { RequestError } from "../data/request-error.ts";
import type { Shown } from "../data/resource.ts";

/** A refusal or failure: what happened, and what to do next. */
export function ErrorNotice({ error }: { readonly error: Pick<RequestError, "message" | "hint"> }) {
  return (
    <div class="notice bad" role="alert">
      <p>{error.message}</p>
      {error.hint && <p class="hint">{error.hint}</p>}
    </div>
  );
}

/** A sentence in place of content that is not there. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Shows an answer as soon as there is one, and above it why a newer one could not be fetched. */
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
