import { useState } from "preact/hooks";
import type { PlanAnswer, PlanRow, PlansAnswer } from "../../../src/contract.ts";
import { announce } from "../../data/announce.ts";
import { go } from "../../data/navigation.ts";
import type { RequestError } from "../../data/request-error.ts";
import { useResource } from "../../data/resource.ts";
import { isAllowed, post, session } from "../../data/session.ts";
import { route } from "../../model/route.ts";
import { Empty, ErrorNotice, Loaded } from "../../parts/notice.tsx";
import { PlanDetail } from "./plan-detail.tsx";
import { PlanList } from "./plan-list.tsx";

/** The plans that were made here; the newest plan, or the plan in the URL, is open. */
export function PlanPage({ query }: { readonly query: URLSearchParams }) {
  const plans = useResource<PlansAnswer>("plan", {}, ["plan", "fleet"]).value;
  const chosen = query.get("plan");
  const digest = chosen ?? plans.data?.plans[0]?.digest;
  return (
    <>
      <h1>Plan</h1>
      <p class="muted">What a deploy of the last build would do, and why. Making a plan changes nothing.</p>
      <MakePlan />
      <Loaded shown={plans}>
        {({ plans: all }) =>
          all.length === 0 ? (
            <Empty>No plan was made here yet.</Empty>
          ) : (
            <>
              {all.length > 1 && <PlanList plans={all} open={digest} />}
              {digest && <OpenPlan key={digest} digest={digest} />}
            </>
          )
        }
      </Loaded>
      {session.value?.live && !isAllowed("deploy") && (
        <p class="muted">
          This page may not deploy. To allow it: <code>maand ui --allow deploy</code>
        </p>
      )}
    </>
  );
}

function OpenPlan({ digest }: { readonly digest: string }) {
  const plan = useResource<PlanAnswer>(`plan/${digest}`, {}, ["plan"]).value;
  return <Loaded shown={plan}>{(data) => <PlanDetail plan={data} />}</Loaded>;
}

function MakePlan() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<RequestError>();
  if (!session.value?.live) return null;
  const make = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { digest, required } = await post<PlanRow>("plan", {});
      announce(required ? "a new plan is shown" : "a new plan is shown: there is nothing to do");
      go(route("plan", "", { plan: digest }));
    } catch (refused) {
      setError(refused as RequestError);
    }
    setBusy(false);
  };
  return (
    <>
      <p class="buttons">
        <button type="button" class="primary" disabled={isBusy} onClick={() => void make()}>
          {isBusy ? "Planning …" : "Make a plan"}
        </button>
      </p>
      {error && <ErrorNotice error={error} />}
    </>
  );
}
