// Draws the screen of a terminal as an SVG, with fonts of the reader's system and without scripts.

const CELL = { width: 8.4, height: 19, font: 14 };
const MARGIN = 16;

/**
 * The terminal colours by number, for a light and a dark page. Each colour is readable on the background of its page.
 */
export const SCHEMES = {
  light: {
    page: "#ffffff",
    frame: "#d0d7de",
    text: "#1f2328",
    faint: "#656d76",
    1: "#cf222e",
    3: "#7d4e00",
    6: "#0a6c74",
  },
  dark: {
    page: "#161b22",
    frame: "#30363d",
    text: "#e6edf3",
    faint: "#8b949e",
    1: "#ff7b72",
    3: "#e3b341",
    6: "#56d4dd",
  },
};

/**
 * The SVG of a screen: `rows` of cells `{ text, color, bold, dim }`, where `color` is one of the first eight terminal
 * colours, or undefined. A screen reader reads the title before the text.
 */
export function svgOf({ columns, rows }, title, scheme) {
  const colors = SCHEMES[scheme];
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN);
  const height = rows.length * CELL.height + 2 * MARGIN;
  const classes = Object.keys(colors)
    .filter((name) => /^\d$/.test(name))
    .map((name) => `.c${name}{fill:${colors[name]}}`);
  const lines = rows.flatMap((cells, y) => runsOf(cells).map((run) => textOf(run, y)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeText(title)}</title>
<style>text{font:${CELL.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:${colors.text};white-space:pre}.b{font-weight:700}.d{fill:${colors.faint}}${classes.join("")}</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${colors.page}" stroke="${colors.frame}"/>
${lines.join("\n")}
</svg>
`;
}

/** Joins neighbouring cells of the same style into one string, and removes blanks at its start and end. */
function runsOf(cells) {
  const runs = [];
  for (const [x, cell] of cells.entries()) {
    const last = runs.at(-1);
    if (last && styleOf(last) === styleOf(cell)) last.text += cell.text;
    else runs.push({ ...cell, x });
  }
  return runs
    .map((run) => ({ ...run, x: run.x + run.text.length - run.text.trimStart().length, text: run.text.trim() }))
    .filter(({ text }) => text !== "");
}

function styleOf({ color, bold, dim }) {
  return [color === undefined ? "" : `c${color}`, bold ? "b" : "", dim ? "d" : ""].filter(Boolean).join(" ");
}

/** Sets the length to the width of the cells, so that columns are aligned in any font. */
function textOf(run, y) {
  const style = styleOf(run);
  const left = round(MARGIN + run.x * CELL.width);
  const bottom = MARGIN + y * CELL.height + 14;
  const length = round([...run.text].length * CELL.width);
  return `<text x="${left}" y="${bottom}"${style === "" ? "" : ` class="${style}"`} textLength="${length}">${escapeText(run.text)}</text>`;
}

function round(number) {
  return Math.round(number * 10) / 10;
}

function escapeText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
