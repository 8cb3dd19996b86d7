import { useState } from "preact/hooks";
import type { DoctorAnswer } from "../../src/contract.ts";
import type { RequestError } from "../data/request-error.ts";
import { useResource } from "../data/resource.ts";
import { post, session } from "../data/session.ts";
import { Ago } from "../parts/age.tsx";
import { CommandLine } from "../parts/copy.tsx";
import { Empty, ErrorNotice, Loaded } from "../parts/notice.tsx";
import { Sign } from "../parts/sign.tsx";
import { Table, type TableColumn } from "../parts/table.tsx";

type Finding = DoctorAnswer["findings"][number];

const COLUMNS: readonly TableColumn<Finding>[] = [
  {
    name: "state",
    cell: ({ ok }) => <Sign sign={ok ? "✓" : "✗"} level={ok ? "ok" : "bad"} text={ok ? "fine" : "problem"} />,
  },
  { name: "where", cell: ({ where }) => where },
  { name: "check", cell: ({ check }) => check, wide: true },
  { name: "finding", cell: (finding) => <Text finding={finding} /> },
];

/** The last findings of `maand doctor`, problems first. */
export function DoctorPage() {
  const answer = useResource<DoctorAnswer>("doctor", {}, ["doctor"]).value;
  const [error, setError] = useState<RequestError>();
  const [isAsked, setAsked] = useState(false);
  const look = () => {
    setError(undefined);
    setAsked(true);
    void post("doctor", {})
      .catch((refused: RequestError) => setError(refused))
      .finally(() => setAsked(false));
  };
  return (
    <>
      <h1>Doctor</h1>
      <p class="muted">Checks this machine, the bucket, and each worker over ssh. Changes nothing.</p>
      <Loaded shown={answer}>
        {({ at, running, findings, problem }) => (
          <>
            {session.value?.live && (
              <p class="buttons">
                <button type="button" class="primary" disabled={running || isAsked} onClick={look}>
                  {running ? "Checking …" : at === null ? "Check all workers" : "Check again"}
                </button>
                {at !== null && (
                  <span class="muted">
                    last checked <Ago at={at} />
                  </span>
                )}
              </p>
            )}
            {error && <ErrorNotice error={error} />}
            {problem && <ErrorNotice error={{ message: problem, hint: null }} />}
            {at === null ? (
              <Empty>It has not been run from here yet.</Empty>
            ) : (
              <Table
                caption="Findings"
                columns={COLUMNS}
                rows={findings.toSorted((one, other) => Number(one.ok) - Number(other.ok))}
                keyOf={({ check, where, message }) => `${check} ${where} ${message}`}
                empty="Nothing was checked."
              />
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

function Text({ finding: { message, hint } }: { readonly finding: Finding }) {
  return (
    <>
      {message} {hint && (/^maand /.test(hint) ? <CommandLine command={hint} /> : <span class="muted">{hint}</span>)}
    </>
  );
}
