// run-script.mjs <cache> <script>: runs a TypeScript or JavaScript hook directly on this Node.
import { readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";

const [, , cache, name] = process.argv;
const script = resolve(name);
process.argv.splice(1, 3, script);
const jiti = createJiti(pathToFileURL(script).href, { fsCache: cache, interopDefault: true });
// jiti.import would first try to run JavaScript with Node, and run a script that fails a second time
await jiti.evalModule(readFileSync(script, "utf8"), {
  filename: script,
  ext: extname(script),
  async: true,
  forceTranspile: true,
  cache: new Proxy({}, { set: keepMain }),
});

/** Makes `require.main === module` work in the script. */
function keepMain(known, path, module) {
  if (path === script) module.require.main = module;
  known[path] = module;
  return true;
}
