/** The values of one gauge, each with its labels. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** Gauges in the text format of Prometheus. A gauge without values is left out. */
export function expositionText(gauges: readonly Gauge[]): string {
  return gauges
    .filter(({ values }) => values.length > 0)
    .map(({ name, help, values }) =>
      [
        `# HELP ${name} ${escapedHelp(help)}`,
        `# TYPE ${name} gauge`,
        ...values.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
        "",
      ].join("\n"),
    )
    .join("");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapedHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapedValue(text: string): string {
  return escapedHelp(text).replaceAll('"', '\\"');
}

/** A gauge without labels. */
export function single(name: string, help: string, value: number): Gauge {
  return { name, help, values: [{ labels: {}, value }] };
}

/** Seconds since 1970, as Prometheus writes times. */
export function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}
