// npm run transports [-- <name> ...]: checks the transports of this repository, and prints the table of
// docs/plugins/transports.md. Needs root, sshd and a build.
import { createJiti } from "jiti";

const jiti = createJiti(import.meta.url);
const { checkTransport, transportTable } = await jiti.import("@maand/core/testing");
const { TRANSPORTS } = await jiti.import("../test/support/transports/transports.ts");

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in TRANSPORTS));
if (unknown !== undefined) {
  console.error(`unknown transport "${unknown}"; the transports are: ${Object.keys(TRANSPORTS).join(", ")}`);
  process.exit(2);
}
const results = {};
for (const name of wanted.length > 0 ? wanted : Object.keys(TRANSPORTS)) {
  console.error(`checking ${name}`);
  results[name] = await checkTransport(TRANSPORTS[name]);
}
console.log(transportTable(results));
if (
  Object.values(results)
    .flat()
    .some(({ outcome }) => outcome === "failed")
)
  process.exitCode = 1;
