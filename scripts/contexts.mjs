// Part of npm run api: generates docs/plugins/contexts.md from the hooks, their contexts and one example of each hook.
// The page groups hooks by the moment when they are called.
import { EXAMPLES } from "./context-examples.mjs";

const ANSWERS = {
  AsyncSeriesHook: "maand calls all taps, one after another. A tap returns nothing.",
  AsyncSeriesWaterfallHook:
    "maand calls all taps, one after another. Each tap returns the value that the next one receives.",
  SyncHook: "maand calls all taps, synchronously. A tap returns nothing.",
  SyncWaterfallHook: "maand calls all taps, synchronously. Each tap returns the value that the next one receives.",
};

/**
 * The contexts that other contexts extend, each after the contexts that it extends. The page describes them once, at
 * the beginning.
 */
const SHARED = ["RunContext", "LocateContext", "WorkerContext", "JobContext", "AllocationContext", "ScopedJobContext"];

/** Generates the page from the texts of hooks.ts and of the files with contexts. */
export function contextsPage(hooks, contexts) {
  const groups = groupsOf(hooks);
  const types = new Map(interfacesOf(contexts).map((one) => [one.name, one]));
  for (const name of types.keys()) PAGE.add(name);
  const shown = new Map(SHARED.map((name) => [name, name]));
  const moments = groups.flatMap(({ title, members }) => [
    ...["", `## ${title}`],
    ...members.flatMap((hook) => hookLines(hook, types, shown)),
  ]);
  const used = new Set(shown.keys());
  const others = [...types.values()].filter(({ name, fields }) => !used.has(name) && fields.length > 0);
  return `${[
    ...HEAD,
    ...groups.map(({ title, members }) => `| ${title} | ${members.map(({ name }) => link(name)).join(", ")} |`),
    ...["", "## What contexts share", "", SHARED_INTRO],
    ...SHARED.flatMap((name) => sharedLines(types.get(name))),
    ...moments,
    ...["", "## Types of the fields", "", "The types that the tables above name, in alphabetical order."],
    ...others.sort((one, other) => (one.name < other.name ? -1 : 1)).flatMap((one) => typeLines(one, "###")),
  ].join("\n")}\n`;
}

/** The types that have their own section. */
const PAGE = new Set();

const HEAD = [
  "# Contexts",
  "",
  "For each hook, this page shows the purpose, the fields of its context, and an example. Every context is one read-only",
  "object, so take from it what you need: `async ({ job, remote }) => ...`. [HOOKS.md](../../packages/core/HOOKS.md) describes when",
  "maand calls each hook and what a thrown error means. `npm run api` generates this page from the source.",
  "",
  "| Moment | Hooks |",
  "| --- | --- |",
];

const SHARED_INTRO =
  "A context can extend another context. Each section below names the extended context, and lists only the fields that are added.";

function groupsOf(text) {
  const found = [
    ...text.matchAll(
      /^\/\*\* (?<title>[^\n]*)\. \*\/\nfunction \w+\(\) \{\n {2}return \{|^ {4}\/\*\*[\s*]+(?<sentence>(?:(?!\*\/)[\s\S])*?) \*\/\s+(?<name>\w+): new (?<kind>\w+)<\[(?<given>[^\]]*)\](?:, (?<answer>[^>]*?))?>\(/gm,
    ),
  ];
  const groups = [];
  for (const { groups: of } of found)
    if (of.title !== undefined) groups.push({ title: of.title, members: [] });
    else groups.at(-1).members.push(of);
  return groups.filter(({ members }) => members.length > 0);
}

function hookLines({ name, sentence, kind, given, answer }, types, shown) {
  const context = types.get((/(\w+Context)/.exec(given) ?? [])[1]);
  const answers = answer?.split(",")[0].trim();
  return [
    ...["", `### ${name}`, "", descriptionOf(sentence)],
    ...["", ANSWERS[kind] ?? answerText(answers)],
    ...(context ? contextLines(context, { name, given }, shown) : ["", `A tap receives ${code(given)}.`]),
    ...["", "```ts tap", EXAMPLES[name]?.trim() ?? "", "```"],
  ];
}

function answerText(answer = "") {
  const what = answer.replace(" | undefined", "");
  return `maand calls the taps in order until one returns ${code(what === "Done" ? '"done"' : what)}. A tap that returns \`undefined\` leaves the work to the next one.`;
}

/** The lines on a hook's context. Only its first section lists the fields. */
function contextLines(context, hook, shown) {
  const known = shown.get(context.name);
  if (known === undefined) shown.set(context.name, hook.name);
  const before = receives(hook.given);
  if (SHARED.includes(context.name)) return ["", `${before} is ${article(context.name)} ${link(context.name)}.`];
  if (known !== undefined) return ["", `${before} is the same as for ${link(known)}.`];
  const also = context.parents.length > 0 ? `: ${parents(context)} with` : " with";
  return [
    "",
    `${before} is ${article(context.name)} \`${context.name}\`${context.fields.length > 0 ? also : `: ${parents(context)}`}${context.fields.length > 0 ? ":" : "."}`,
    ...table(context),
  ];
}

function receives(given) {
  if (given.startsWith("Tree")) return "A tap receives a [`Tree`](#tree) and a context. The context";
  if (given.startsWith("TemplateFunctions"))
    return "A tap receives the functions so far and `current()`. The context that `current()` returns";
  return "The context of this hook";
}

function sharedLines(type) {
  return [
    "",
    `### ${type.name}`,
    "",
    `${descriptionOf(type.sentence)}${type.parents.length > 0 ? ` Extends ${parents(type)}.` : ""}`,
    ...table(type),
  ];
}

function typeLines(type, level) {
  const also = type.parents.length > 0 ? ` Extends ${parents(type)}.` : "";
  return ["", `${level} ${type.name}`, "", `${descriptionOf(type.sentence)}${also}`, ...table(type)];
}

function article(name) {
  return /^[AEIO]/.test(name) ? "an" : "a";
}

function parents({ parents: names }) {
  return names.map((name) => (PAGE.has(name) ? link(name) : code(name))).join(" and ");
}

function table({ fields }) {
  if (fields.length === 0) return [];
  return [
    ...["", "| Field | Type | What it is |", "| --- | --- | --- |"],
    ...fields.map(({ field, type, doc }) => `| ${code(field)} | ${cell(code(type))} | ${cell(descriptionOf(doc))} |`),
  ];
}

function cell(text) {
  return text.replaceAll("|", "\\|");
}

export function interfacesOf(text) {
  return [
    ...text.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport interface (\w+)(?: extends ([^{]*?))? \{(?:\n([\s\S]*?)\n)?\}/g,
    ),
  ].map(([, sentence, name, parent, body]) => ({
    sentence,
    name,
    parents: parent === undefined ? [] : parent.trim().split(/, (?![^<]*>)/),
    fields: fieldsOf(body ?? ""),
  }));
}

/** The top-level fields of an interface: name, type and description. The type of a method is its signature. */
function fieldsOf(body) {
  const starts = [
    ...body.matchAll(/(?: {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^ {2}(?:readonly )?(\w+)(\??)(<[^(]*>)?([:(])/gm),
  ];
  return starts.map(({ 1: doc = "", 2: field, 3: optional, 5: mark, index, 0: head }, at) => {
    const rest = body.slice(index + head.length, starts[at + 1]?.index ?? body.length);
    return { field: `${field}${optional}`, type: typeText(mark === "(" ? `(${rest}` : rest), doc };
  });
}

/** A type on one line. A long object type is shortened to the names of its fields. */
function typeText(text) {
  const bare = text
    .replace(/\/\*\*[\s\S]*?\*\//g, "")
    .replace(/;\s*$/, "")
    .replace(/\s+/g, " ")
    .replaceAll("readonly ", "")
    .trim()
    .replace(/^\((.*)\): (.*)$/, "($1) => $2");
  if (bare.length <= 70 || !bare.startsWith("{")) return bare;
  const names = [...bare.matchAll(/(?<=[{;] )(\w+)\??:/g)].map(([, name]) => name);
  return `{ ${[...new Set(names)].join(", ")} }`;
}

function descriptionOf(comment) {
  return comment
    .replace(/\s*\n\s*\*\s?/g, " ")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .replace(/ ?@experimental/g, " _Experimental._")
    .replace(/^ ?`\w+`: (\w)/, (_, letter) => letter.toUpperCase())
    .trim();
}

function code(text) {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function link(name) {
  return `[\`${name}\`](#${name.toLowerCase()})`;
}
