// npm run bench -- <suite> [sizes ...] [--json FILE] [--compare FILE] [--threshold PERCENT] [--list]
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createJiti } from "jiti";

/** Suites return tables, which are printed, stored and compared. */
const SUITES = {
  start: "commands that connect to no worker",
  build: "builds of small and large workspaces",
  plan: "dry runs, saved plans and deploys where nothing changed",
  deploy: "deploys and restarts on real sshd workers [workers jobs]",
  run: "one command on all workers, compared with other programs [workers]",
  changes: "three changed files and a restart on all workers, compared with other programs [workers]",
  network: "commands on workers behind a slow network, and their round trips [milliseconds workers]",
  output: "a command that prints many lines, and a job with a large file [megabytes runs megabytes]",
  scale: "first deploys to 100, to 1,000 and to the given number of simulated workers [workers jobs]",
  large:
    "commands that change nothing, with the given number of workers and with a tenth of that number [workers jobs]",
  deploys: "many deploys in a row, and the memory and files they hold [deploys every processes]",
  templates: "dry runs that render templates [workers jobs]",
  team: "a store in PostgreSQL, compared with one in a file [workers jobs]",
};

/** Benchmarks of individual parts, which print their own output. */
const OTHERS = {
  "hooks-tap": ["hooks-tap", "hooksTap"],
  plugins: ["plugins", "plugins"],
  certs: ["certs", "certs"],
  logs: ["logs", "logs"],
  hooks: ["hooks", "hooks"],
  screen: ["screen", "screen"],
  operate: ["operate", "operate"],
  drift: ["drift", "drift"],
  ui: ["ui", "ui"],
  "fleet-page": ["fleet-page/fleet-page", "fleetPage"],
};

const options = {
  json: { type: "string" },
  compare: { type: "string" },
  threshold: { type: "string", default: "20" },
  list: { type: "boolean", default: false },
};
const { values, positionals } = parsed();
const sizes = positionals.filter((word) => /^\d+$/.test(word)).map(Number);
const names = positionals.filter((word) => !/^\d+$/.test(word));
const unknown = names.find((name) => !(name in SUITES) && !(name in OTHERS));
if (unknown !== undefined) refuse(`unknown benchmark "${unknown}"; to list all, run: npm run bench -- --list`);
const threshold = Number(values.threshold) / 100;
if (!(threshold >= 0)) refuse(`--threshold needs a percentage, not "${values.threshold}"`);
const earlier = values.compare === undefined ? undefined : resultsIn(values.compare);

if (values.list) list();
else await runAll();

function parsed() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (cause) {
    return refuse(cause.message);
  }
}

function refuse(message) {
  console.error(message);
  process.exit(2);
}

function list() {
  for (const [name, about] of Object.entries(SUITES)) console.log(`${name.padEnd(10)} ${about}`);
  console.log(`parts:     ${Object.keys(OTHERS).join(", ")}`);
}

function resultsIn(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    return refuse(`${file} has no results to compare with: ${cause.message}`);
  }
}

async function runAll() {
  const jiti = createJiti(import.meta.url);
  const { tableOf } = await jiti.import("../test/bench/table.ts");
  const { compare, isFastCompile, nodeVariables, resultsOf } = await jiti.import("../test/bench/results.ts");
  for (const name of Object.keys(nodeVariables()))
    console.log(`${name} is set, which makes each start of Node slower\n`);
  if (isFastCompile())
    console.log("npm test compiled SQLite, which makes it slower; run: npm rebuild better-sqlite3\n");
  const tables = [];
  for (const name of names.length > 0 ? names : ["start"]) {
    if (name in OTHERS) {
      const [file, entry] = OTHERS[name];
      await (await jiti.import(`../test/bench/${file}.ts`))[entry](...sizes);
      continue;
    }
    const suite = (await jiti.import(`../test/bench/suites/${name}.ts`))[name];
    for (const table of await suite(...sizes)) {
      tables.push(table);
      console.log(`${table.title}\n${tableOf(table.rows)}\n`);
    }
  }
  const results = resultsOf(tables, new Date());
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
  if (earlier === undefined) return;
  const { lines, worse } = compare(earlier, results, threshold);
  console.log(lines.join("\n"));
  if (worse > 0) process.exitCode = 1;
}
