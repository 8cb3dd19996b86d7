// Preloaded into maand: at the end, writes the compiled files of the program to MAAND_TEST_COMPILED_FILE, and for
// each file, whether cached code was used.
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
