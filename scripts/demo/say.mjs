const lively = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (lively ? `\x1b[${code}m${text}\x1b[0m` : text);
const strong = paint(1);
const faint = paint(2);

let chapters = 0;

/** Words for people. */
export function tell(text) {
  process.stdout.write(`${text}\n`);
}

/** Begins a step of the story: its number, its name, a sentence or two. */
export function chapter(name, text) {
  chapters += 1;
  tell(`\n${strong(`${chapters}. ${name}`)}\n${text}`);
}

/** A command, as it is typed. */
export function typed(command) {
  tell(`\n${faint("$")} ${strong(command)}`);
}

/** The end: what is left, and what to do with it. */
export function closing(name, isDefault) {
  const word = quoted(name);
  const next = [
    ["who runs what, and in which version", `npx maand -C ${word} cat deployments`],
    ["ask the three workers", `node ${word}/ask.mjs`],
    ["restart the site by hand, one worker after the other", `npx maand -C ${word} job restart site --health_check`],
    ["the last lines of the diaries", `npx maand -C ${word} job run diary --target read`],
    ["stop everything and remove it", `npm run demo -- --down${isDefault ? "" : ` --dir ${word}`}`],
  ];
  tell(`\n${strong("That was it.")}\nThe three workers go on in ${name}. From here, worth typing next:\n`);
  for (const [why, command] of next) tell(`  ${faint(`# ${why}`)}\n  ${strong(command)}`);
}

function quoted(path) {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
