// The program behind `npm run demo`. Needs nothing but Node and the built repository.
import { relative } from "node:path";
import { freshBucket } from "./bucket.mjs";
import { takeDown } from "./down.mjs";
import { HELP, readOptions } from "./options.mjs";
import { Refused } from "./refused.mjs";
import { closing, print } from "./say.mjs";
import { Shell } from "./shell.mjs";
import { story } from "./story.mjs";

process.exitCode = await main(process.argv.slice(2));

async function main(words) {
  try {
    const options = readOptions(words, process.env.DEMO_FROM ?? process.cwd());
    if (options.help) print(HELP);
    else if (options.down) await down(options);
    else await show(options);
    return 0;
  } catch (cause) {
    if (!(cause instanceof Refused)) throw cause;
    process.stderr.write(`demo: ${cause.message}\n`);
    return cause.exit;
  }
}

async function down({ directory }) {
  const name = shown(directory);
  const found = await takeDown(new Shell(directory), name);
  print(found ? `Removed ${name} and stopped everything that ran in it.` : `There is no ${name} to remove.`);
}

async function show(options) {
  const { directory } = options;
  const shell = new Shell(directory);
  await takeDown(shell, shown(directory));
  await freshBucket(options);
  await story(shell, { ...options, name: shown(directory) });
  closing(shown(directory), options.isDefault);
}

/** The path of a directory as you type it in the repository's root. */
function shown(directory) {
  const path = relative(process.cwd(), directory);
  return path.startsWith("..") ? directory : path;
}
