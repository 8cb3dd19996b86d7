// Part of npm run api: docs/plugins/contexts.md, made from hooks.ts and contexts.ts: each hook with its sentence, and what its
// taps are given, field by field.
const WAYS = {
  AsyncSeriesHook: "all taps, one after another; answers nothing",
  AsyncSeriesBailHook: "one after another, until one answers",
  AsyncSeriesWaterfallHook: "one after another, each gets what the one before answered",
  SyncHook: "all taps, at once; answers nothing",
  SyncBailHook: "at once, until one answers",
  SyncWaterfallHook: "at once, each gets what the one before answered",
};

/** The page, from the texts of the two files. */
export function contextsPage(hooks, contexts) {
  const declared = [...hooks.matchAll(/^ {4}\/\*\* (.*?) \*\/\s+(\w+): new (\w+)<\[(.*?)\](?:, (.*?))?>\(/gms)];
  return `${[
    "# Hooks and what their taps are given",
    "",
    "Made by `npm run api` from [hooks.ts](../../packages/core/src/plugin-api/hooks.ts) and",
    "[contexts.ts](../../packages/core/src/plugin-api/contexts.ts). [HOOKS.md](../../packages/core/HOOKS.md) has the same hooks in one table,",
    "with who taps them and what a throw means. A context has everything of the one it extends.",
    "",
    "## Hooks",
    ...declared
      .map(([, ...parts]) => [...parts.slice(0, 4), parts[4]?.replace(/(, )?TapInterest$/, "")])
      .flatMap(([sentence, name, kind, given, answer]) => [
        "",
        `### ${name}`,
        "",
        described(sentence),
        "",
        `Given: ${given.split(", ").map(linked).join(", ")}. Called: ${WAYS[kind]}${answer ? `; an answer is ${code(answer)}` : ""}.`,
      ]),
    "",
    "## Contexts",
    ...interfacesOf(contexts).flatMap(contextLines),
  ].join("\n")}\n`;
}

function interfacesOf(text) {
  return [
    ...text.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport interface (\w+)(?: extends ([^{]*?))? \{(?:\n([\s\S]*?)\n)?\}/g,
    ),
  ].map(([, sentence, name, parent, body]) => ({ sentence, name, parent, fields: fieldsOf(body ?? "") }));
}

function contextLines({ sentence, name, parent, fields }) {
  const rows = fields.map(({ field, doc }) => `| ${code(field)} | ${described(doc).replaceAll("|", "\\|")} |`);
  return [
    ...["", `### ${name}`, "", described(sentence)],
    ...(parent
      ? [
          "",
          `Extends ${parent
            .trim()
            .split(/, (?![^<]*>)/)
            .map(linked)
            .join(", ")}.`,
        ]
      : []),
    ...(rows.length > 0 ? ["", "| Field | Holds |", "| --- | --- |", ...rows] : []),
  ];
}

/** The fields at the edge of an interface's body, each with its description. */
function fieldsOf(body) {
  return [...body.matchAll(/(?: {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(
    ([, doc = "", field]) => ({
      field,
      doc,
    }),
  );
}

function described(comment) {
  return comment
    .replace(/\s*\n\s*\*\s?/g, " ")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .trim();
}

function code(text) {
  return `\`${text}\``;
}

function linked(type) {
  return /^\w+Context$/.test(type) ? `[${type}](#${type.toLowerCase()})` : code(type);
}
