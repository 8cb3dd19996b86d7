// npm run bench [-- <name> ...]: runs benchmarks of test/bench by name; without a name, all that need no workers.
import { createJiti } from "jiti";

const BENCHES = {
  "hooks-tap": ["../test/bench/hooks-tap.ts", "hooksTap"],
  plugins: ["../test/bench/plugins.ts", "plugins"],
  start: ["../test/bench/start.ts", "start"],
  build: ["../test/bench/build.ts", "build"],
  certs: ["../test/bench/certs.ts", "certs"],
  logs: ["../test/bench/logs.ts", "logs"],
  hooks: ["../test/bench/hooks.ts", "hooks"],
  deploy: ["../test/bench/deploy.ts", "deploy"],
  screen: ["../test/bench/screen.ts", "screen"],
  plan: ["../test/bench/plan.ts", "plan"],
  operate: ["../test/bench/operate.ts", "operate"],
  ui: ["../test/bench/ui.ts", "ui"],
  "fleet-page": ["../test/bench/fleet-page/fleet-page.ts", "fleetPage"],
  drift: ["../test/bench/drift.ts", "drift"],
};

const wanted = process.argv.slice(2).filter((word) => word in BENCHES);
const numbers = process.argv
  .slice(2)
  .filter((word) => /^\d+$/.test(word))
  .map(Number);
const unknown = process.argv.slice(2).find((word) => !(word in BENCHES) && !/^\d+$/.test(word));
if (unknown !== undefined) {
  console.error(`there is no benchmark "${unknown}"; there are: ${Object.keys(BENCHES).join(", ")}`);
  process.exit(2);
}
const jiti = createJiti(import.meta.url);
for (const name of wanted.length > 0 ? wanted : ["start"]) {
  const [file, entry] = BENCHES[name];
  const module = await jiti.import(file);
  await module[entry](...numbers);
}
