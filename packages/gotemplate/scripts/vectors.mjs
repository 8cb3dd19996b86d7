/** Runs a file of vectors and lists the differences from Go: `node packages/gotemplate/scripts/vectors.mjs FILE`. */
import { readFileSync } from "node:fs";
import { fromSource } from "./source.mjs";

const UNREADABLE = 2;

const { agrees, runCase } = await fromSource("vectors/run.test.support.ts");
const vectors = read(process.argv[2]);
let agreed = 0;
for (const one of vectors.cases) {
  const outcome = outcomeOf(one);
  if (agrees(one, outcome)) agreed++;
  else console.log(differenceOf(one, outcome));
}
console.log(`${agreed} of ${vectors.cases.length}`);
process.exitCode = agreed === vectors.cases.length ? 0 : 1;

function read(file) {
  if (!file) giveUp("usage: vectors FILE");
  try {
    const found = JSON.parse(readFileSync(file, "utf8"));
    if (Array.isArray(found?.cases) && found.cases.every((one) => typeof one?.template === "string")) return found;
  } catch (thrown) {
    giveUp(`${file}: ${thrown.message.split("\n")[0]}`);
  }
  return giveUp(`${file}: it has no list of cases with templates`);
}

/** The result of a case. An error other than a TemplateError is shown as a defect. */
function outcomeOf(one) {
  try {
    return runCase({ data: vectors.data ?? {}, kv: vectors.kv ?? {} }, one);
  } catch (thrown) {
    return { error: "defect", message: String(thrown) };
  }
}

function giveUp(reason) {
  console.error(`vectors: ${reason}`);
  process.exit(UNREADABLE);
}

function differenceOf(one, outcome) {
  const want = one.error ? `error ${one.error} (${one.goError ?? "no message"})` : JSON.stringify(one.want ?? "");
  const got = outcome.error ? `error ${outcome.error} (${outcome.message})` : JSON.stringify(outcome.output);
  const title = [one.group, one.name ?? "a case without a name"].filter(Boolean).join(": ");
  return `${title}\n  template ${JSON.stringify(one.template)}\n  want     ${want}\n  got      ${got}`;
}
