import type { CertificatesAnswer } from "../../src/contract.ts";
import { useResource } from "../data/resource.ts";
import { ended, LEFT } from "../model/certificates.ts";
import { Clock } from "../parts/age.tsx";
import { JobLink, WorkerLink } from "../parts/link.tsx";
import { Loaded } from "../parts/notice.tsx";
import { Sign } from "../parts/sign.tsx";
import { Table, type TableColumn } from "../parts/table.tsx";

type Certificate = CertificatesAnswer["certificates"][number];

const COLUMNS: readonly TableColumn<Certificate>[] = [
  { name: "certificate", cell: ({ scope, cert }) => (scope === "ca" ? "certificate authority" : cert) },
  { name: "job", cell: ({ job }) => (job === null ? "" : <JobLink job={job} />) },
  { name: "worker", cell: ({ worker }) => (worker === null ? "" : <WorkerLink worker={worker} />) },
  { name: "state", cell: ({ status }) => <Sign {...LEFT[status]} /> },
  { name: "days left", cell: ({ days_left: days }) => days, number: true },
  { name: "expires", cell: ({ not_after: at }) => (at === null ? "" : <Clock at={at} />), wide: true },
  { name: "common name", cell: ({ common_name: name }) => name, wide: true },
];

/** The certificates of the bucket. The certificates that expire first are on top. */
export function CertificatesPage() {
  const answer = useResource<CertificatesAnswer>("certificates", {}, ["fleet"]).value;
  return (
    <>
      <h1>Certificates</h1>
      <Loaded shown={answer}>
        {({ certificates }) => (
          <Table
            caption="Certificates"
            columns={COLUMNS}
            rows={ended(certificates)}
            keyOf={({ scope, job, worker, cert }) => `${scope} ${job} ${worker} ${cert}`}
            empty="No job has certificates."
          />
        )}
      </Loaded>
    </>
  );
}
