const isTerminal = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text);
const strong = paint(1);
const faint = paint(2);

let chapters = 0;

/** Prints a string. */
export function print(text) {
  process.stdout.write(`${text}\n`);
}

/** Starts a step of the demo: prints its number, its name, and a sentence or two. */
export function chapter(name, text) {
  chapters += 1;
  print(`\n${strong(`${chapters}. ${name}`)}\n${text}`);
}

/** Prints a command as you type it. */
export function typed(command) {
  print(`\n${faint("$")} ${strong(command)}`);
}

/** Ends the demo: prints what keeps running, and useful next commands. */
export function closing(name, isDefault) {
  const word = quoted(name);
  const next = [
    ["show what runs where, and in which version", `npx maand -C ${word} cat deployments`],
    ["send a request to each worker", `node ${word}/ask.mjs`],
    ["restart the site by hand, one worker after another", `npx maand -C ${word} job restart site --health_check`],
    ["show the last lines of the diaries", `npx maand -C ${word} job run diary --target read`],
    ["stop everything and remove it", `npm run demo -- --down${isDefault ? "" : ` --dir ${word}`}`],
  ];
  print(`\n${strong("The demo is complete.")}\nThe three workers keep running in ${name}. Useful next commands:\n`);
  for (const [why, command] of next) print(`  ${faint(`# ${why}`)}\n  ${strong(command)}`);
}

function quoted(path) {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
