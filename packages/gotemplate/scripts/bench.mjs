/** Measures the best times of several rounds that parse and execute templates of 1 MB and 2 MB. */
import { fromSource } from "./source.mjs";

const ROUNDS = 12;
const PIECE = `# {{/* a note */}}a line of plain text that is as long as lines in such files are
{{- $memory := .memory -}}{{range $i, $label := .labels}}
  - {{$label | printf "%-10s"}}: {{if and (gt $i 0) (lt $i 2)}}middle{{else}}edge{{end}}
{{- end}}
{{with .worker}}address = "{{.ip}}:{{index .ports 0}}" {{end}}shared = {{printf "%d" $memory}}
`;
const DATA = { memory: 4096, labels: ["worker", "web", "prod"], worker: { ip: "10.0.0.1", ports: [80, 443] } };

const { parse } = await fromSource("index.ts");
for (const megabytes of [1, 2]) {
  const text = PIECE.repeat(Math.ceil((megabytes * 1024 * 1024) / PIECE.length));
  const times = Array.from({ length: ROUNDS }, () => measure(text));
  const [parsing, executing] = [0, 1].map((i) => Math.round(Math.min(...times.map((time) => time[i]))));
  console.log(`${megabytes} MB: parse ${parsing} ms, execute ${executing} ms`);
}

function measure(text) {
  const start = performance.now();
  const template = parse(text);
  const parsed = performance.now();
  template.execute(DATA);
  return [parsed - start, performance.now() - parsed];
}
