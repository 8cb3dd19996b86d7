/** The file of the certificate rules, in `rules/` of a server job. */
export const CERTIFICATE_RULES = "maand/certs.yaml";

/** The names of the alerts in the certificate rules. */
export const CERTIFICATE_ALERTS = [
  "MaandCertificateExpiring",
  "MaandCertificateExpired",
  "MaandAuthorityExpiring",
  "MaandAuthorityExpired",
] as const;

/** Samples are pushed by deploys instead of scraped, so the newest sample within this many days counts. */
const WINDOW = "30d";

const LABELS = "scope, job, worker, cert, common_name";

/** The newest value of a metric for each certificate, whose status label changes over time. */
function newest(metric: string, scope: string): string {
  return `max by (${LABELS}) (last_over_time(${metric}{scope="${scope}"}[${WINDOW}]))`;
}

/** Excludes certificates that the last push did not contain any more, because their allocation was removed. */
function stillThere(scope: string): string {
  const last = `scalar(max(last_over_time(maand_cert_pushed_seconds[${WINDOW}])))`;
  return `(${newest("maand_cert_pushed_seconds", scope)} >= ${last})`;
}

/**
 * The rule compares the times, instead of the push, because an alert must fire even if nothing is
 * deployed.
 */
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

const RENEW = "maand build renews it, and maand deploy copies it to its worker";
const ANEW = "to find out how to replace it, run maand doctor; every certificate is then issued again";
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
    summary: "The certificate authority of the bucket expires soon, and every certificate with it",
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
