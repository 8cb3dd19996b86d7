import { useEffect } from "preact/hooks";
import type { ActionsAnswer } from "../../src/contract.ts";
import { go } from "../data/navigation.ts";
import { useResource } from "../data/resource.ts";
import { route } from "../model/route.ts";
import { ErrorNotice } from "../parts/notice.tsx";

/**
 * A command that was started and has no record yet: opens its run as soon as it has a record, or shows why it ended
 * without one.
 */
export function Started({ command }: { readonly command: string }) {
  const { actions } = useResource<ActionsAnswer>("actions", {}, ["fleet", "run", "plan"]).value.data ?? { actions: [] };
  const action = actions.find((one) => one.command === command);
  const run = action?.run ?? null;
  useEffect(() => {
    if (run !== null) go(route("run", run));
  }, [run]);
  if (action?.error) return <ErrorNotice error={action.error} />;
  return (
    <p role="status">
      <code>{command}</code>{" "}
      {action === undefined || action.exit === null ? "has started …" : `exited with code ${action.exit}.`}
    </p>
  );
}
