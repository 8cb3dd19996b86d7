/** Where the rules for certificates are, below `rules/` of a server job. */
export const CERTIFICATE_RULES = "maand/certs.yaml";

/** The alerts in them. */
export const CERTIFICATE_ALERTS = [
  "MaandCertificateExpiring",
  "MaandCertificateExpired",
  "MaandAuthorityExpiring",
  "MaandAuthorityExpired",
] as const;

/** Samples are pushed by deploys and not scraped, so the newest one of these many days counts. */
const WINDOW = "30d";

const LABELS = "scope, job, worker, cert, common_name";

/** The newest value of a metric for each certificate; its status is a label that changes. */
function newest(metric: string, scope: string): string {
  return `max by (${LABELS}) (last_over_time(${metric}{scope="${scope}"}[${WINDOW}]))`;
}

/** Leaves out certificates that the last push no longer had: their allocation was removed. */
function stillThere(scope: string): string {
  const last = `scalar(max(last_over_time(maand_cert_pushed_seconds[${WINDOW}])))`;
  return `(${newest("maand_cert_pushed_seconds", scope)} >= ${last})`;
}

/** Times are compared here and not only when they are pushed: an alert has to come although nothing is deployed. */
function past(metric: string, scope: string): string {
  return `(${newest(metric, scope)} <= time())\nand ${stillThere(scope)}`;
}

interface Alert {
  readonly name: (typeof CERTIFICATE_ALERTS)[number];
  readonly expr: string;
  readonly wait: string;
  readonly severity: string;
  readonly summary: string;
  readonly description: string;
}

const RENEW = "maand build renews it, and maand deploy brings it to its worker";
const ANEW = "maand doctor says how to replace it; every certificate is made anew then";
const LEAF = "{{ $labels.cert }} of {{ $labels.job }} on {{ $labels.worker }}";

const ALERTS: readonly Alert[] = [
  {
    name: "MaandCertificateExpiring",
    expr: past("maand_cert_renew_after_seconds", "job"),
    wait: "1h",
    severity: "warning",
    summary: `The certificate ${LEAF} is due for renewal`,
    description: RENEW,
  },
  {
    name: "MaandCertificateExpired",
    expr: past("maand_cert_not_after_seconds", "job"),
    wait: "5m",
    severity: "critical",
    summary: `The certificate ${LEAF} has expired`,
    description: RENEW,
  },
  {
    name: "MaandAuthorityExpiring",
    expr: past("maand_cert_renew_after_seconds", "ca"),
    wait: "1h",
    severity: "critical",
    summary: "The certificate authority of the bucket ends soon, and every certificate with it",
    description: ANEW,
  },
  {
    name: "MaandAuthorityExpired",
    expr: past("maand_cert_not_after_seconds", "ca"),
    wait: "5m",
    severity: "critical",
    summary: "The certificate authority of the bucket has expired",
    description: ANEW,
  },
];

/** The rules that every server job gets: alerts for certificates that expire, over the metrics that a deploy pushes. */
export function certificateRules(): string {
  return ["groups:", "  - name: maand_certs", "    rules:", ...ALERTS.flatMap(ruleLines)].join("\n").concat("\n");
}

function ruleLines({ name, expr, wait, severity, summary, description }: Alert): string[] {
  return [
    `      - alert: ${name}`,
    "        expr: |-",
    ...expr.split("\n").map((line) => `          ${line}`),
    `        for: ${wait}`,
    "        labels:",
    `          severity: ${severity}`,
    "        annotations:",
    `          summary: ${JSON.stringify(summary)}`,
    `          description: ${JSON.stringify(description)}`,
  ];
}
