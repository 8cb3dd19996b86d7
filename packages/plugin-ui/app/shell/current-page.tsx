import type { Route } from "../model/route.ts";
import { CertificatesPage } from "../pages/certificates.tsx";
import { DoctorPage } from "../pages/doctor.tsx";
import { FleetPage } from "../pages/fleet/fleet-page.tsx";
import { HistoryPage } from "../pages/history.tsx";
import { JobPage } from "../pages/job.tsx";
import { PlanPage } from "../pages/plan/plan-page.tsx";
import { RunPage } from "../pages/run/run-page.tsx";
import { WorkerPage } from "../pages/worker.tsx";

/** The page for a route. */
export function CurrentPage({ place }: { readonly place: Route }) {
  switch (place.page) {
    case "fleet":
      return <FleetPage query={place.query} />;
    case "job":
      return <JobPage job={place.name} />;
    case "worker":
      return <WorkerPage host={place.name} />;
    case "plan":
      return <PlanPage query={place.query} />;
    case "run":
      return <RunPage id={place.name} query={place.query} />;
    case "history":
      return <HistoryPage query={place.query} />;
    case "certificates":
      return <CertificatesPage />;
    case "doctor":
      return <DoctorPage />;
  }
}

const TITLES: Readonly<Record<Route["page"], string>> = {
  fleet: "Fleet",
  job: "Job",
  worker: "Worker",
  plan: "Plan",
  run: "Run",
  history: "History",
  certificates: "Certificates",
  doctor: "Doctor",
};

/** The title of a route: `Fleet`, `Job api`. */
export function titleOf({ page, name }: Route): string {
  return `${TITLES[page]} ${page === "run" ? name.slice(0, 8) : name}`.trim();
}
