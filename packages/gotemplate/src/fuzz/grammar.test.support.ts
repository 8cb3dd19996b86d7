import type { Random } from "./random.test.support.ts";
import {
  DECLARED,
  DIRECTIVES,
  FIELDS,
  FUNCTIONS,
  LITERALS,
  NAMES,
  SPACES,
  TEXTS,
  UNSOUND,
  VARIABLES,
} from "./words.test.support.ts";

/** A template that mostly follows the grammar. */
export function template(random: Random): string {
  return variables(random) + statements(random, 3) + (random.once(3) ? definition(random) : "");
}

/** Variables that are almost always declared first, because an undeclared variable is always an error. */
function variables(random: Random): string {
  return random.once(12) ? "" : "{{$x := .}}{{$y := 2}}";
}

function statements(random: Random, depth: number): string {
  return random.several(4, () => statement(random, depth)).join("");
}

function statement(random: Random, depth: number): string {
  if (depth === 0 || random.once(3)) return random.pick(TEXTS);
  switch (random.below(9)) {
    case 0:
      return branch(random, "if", depth);
    case 1:
      return branch(random, "with", depth);
    case 2:
      return branch(random, "range", depth);
    case 3:
      return action(random, `template ${random.pick(NAMES)} ${random.once(3) ? "" : pipeline(random, 2)}`);
    case 4:
      return random.once(8) ? action(random, random.pick(["break", "continue", "else", "end"])) : random.pick(TEXTS);
    case 5:
      return block(random, depth);
    default:
      return action(random, pipeline(random, 3));
  }
}

function branch(random: Random, word: string, depth: number): string {
  const chain = random.several(random.once(4) ? 2 : 1, () => otherwise(random, word, depth));
  return [action(random, `${word} ${pipeline(random, 2)}`), statements(random, depth - 1), ...chain, end(random)].join(
    "",
  );
}

function otherwise(random: Random, word: string, depth: number): string {
  const condition = random.once(4) ? ` ${word} ${pipeline(random, 2)}` : "";
  return action(random, `else${condition}`) + statements(random, depth - 1);
}

function block(random: Random, depth: number): string {
  return (
    action(random, `block ${definedName(random)} ${pipeline(random, 1)}`) +
    variables(random) +
    statements(random, depth - 1) +
    end(random)
  );
}

function definition(random: Random): string {
  return action(random, `define ${definedName(random)}`) + variables(random) + statements(random, 2) + end(random);
}

/** A name that is rarely already used, because a second definition is an error. */
function definedName(random: Random): string {
  return random.once(4) ? random.pick(NAMES) : `"${random.below(1000)}"`;
}

function end(random: Random): string {
  return random.once(60) ? "" : action(random, "end");
}

function action(random: Random, inside: string): string {
  return random.pick(["{{", "{{ ", "{{- "]) + inside + random.pick(["}}", " }}", " -}}"]);
}

function pipeline(random: Random, depth: number): string {
  const further = random.several(2, () => (random.once(20) ? operand(random, depth) : callOf(random, depth)));
  return declaration(random) + [command(random, depth), ...further].join(random.pick(["|", " | "]));
}

function declaration(random: Random): string {
  if (!random.once(4)) return "";
  const second = random.once(12) ? `, ${random.pick(DECLARED)}` : "";
  return random.pick(DECLARED) + second + random.pick([" := ", ":=", " = "]);
}

function command(random: Random, depth: number): string {
  return random.once(2) ? callOf(random, depth) : operand(random, depth);
}

function callOf(random: Random, depth: number): string {
  if (random.once(2)) return `${random.pick(FUNCTIONS)} ${operands(random, depth)}`;
  return `printf "${random.several(4, () => directive(random)).join(" ")}" ${operands(random, depth)}`;
}

function operands(random: Random, depth: number): string {
  return random.several(3, () => operand(random, depth)).join(random.pick(SPACES));
}

function operand(random: Random, depth: number): string {
  if (depth > 0 && random.once(4))
    return `(${pipeline(random, depth - 1)})${random.once(3) ? random.pick(FIELDS) : ""}`;
  if (random.once(100)) return random.pick(UNSOUND);
  return random.pick([random.pick(LITERALS), random.pick(FIELDS), random.pick(VARIABLES)]);
}

function directive(random: Random): string {
  const flags = random.several(2, () => random.pick(["#", "0", "+", "-", " "])).join("");
  const width = random.pick(["", "", "5", "12", "*", "[1]*", "[2]", "[9]", "1000001"]);
  const precision = random.pick(["", "", ".0", ".2", ".*", ".[1]*", ".", ".40"]);
  return `%${flags}${width}${precision}${random.pick(DIRECTIVES)}`;
}
