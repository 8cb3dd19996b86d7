// run-script.mjs <cache> <script>: runs a TypeScript or JavaScript hook on this Node, as it is written.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";

const [, , cache, script] = process.argv;
process.argv.splice(1, 3, resolve(script));
const jiti = createJiti(pathToFileURL(resolve(script)).href, { fsCache: cache, interopDefault: true });
await jiti.import(resolve(script));
