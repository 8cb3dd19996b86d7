// Loaded before maand: at its end, writes which files of the program it compiled, and whether with code that was kept of them, to
// MAAND_TEST_COMPILED_FILE.
import { writeFileSync } from "node:fs";
import vm from "node:vm";

const { Script } = vm;
const compiled = [];
vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    const name = options.filename.replace(/^.*\/@maand\//, "");
    compiled.push({ name, isKept: options.cachedData !== undefined && !this.cachedDataRejected });
  }
};
process.on("exit", () => writeFileSync(process.env.MAAND_TEST_COMPILED_FILE, JSON.stringify(compiled)));
