type Words = readonly [string, ...string[]];

/** Text between actions. */
export const TEXTS: Words = [
  "",
  " ",
  "\n",
  "text",
  " a \n b ",
  "{",
  "}}",
  "é☺",
  "\t",
  "{{/* note */}}",
  "{{- /* n */ -}}",
];

/** Texts that are not valid as arguments. */
export const UNSOUND: Words = ["08", "1e400", "'ab'", "$none", "unknown", '"', ",", "="];

/** Literals. */
export const LITERALS: Words = [
  "0",
  "1",
  "-7",
  "0x1F",
  "0o17",
  "017",
  "1_000",
  "9223372036854775807",
  "9223372036854775808",
  "1.5",
  "2.0",
  "-0.0",
  "1e6",
  "1e-7",
  "0x1p-2",
  "3i",
  "1+2i",
  "'a'",
  "'\\n'",
  '""',
  '"text"',
  '"é☺"',
  '"\\xff\\u00e9"',
  '"%d %s"',
  '"a,b"',
  "`raw`",
  "true",
  "false",
  "nil",
  ".",
  "$",
];

/** Fields of the data, and others. */
export const FIELDS: Words = [
  ".",
  ".a",
  ".list",
  ".map",
  ".map.a",
  ".map.none.x",
  ".none",
  ".nil",
  ".nil.x",
  ".f",
  ".text.x",
  ".fn",
];

/** Variables. */
export const VARIABLES: Words = ["$", "$x", "$y", "$x.a", "$x", "$y"];

/** Variables that are declared. */
export const DECLARED: Words = ["$x", "$y", "$"];

/** Names of templates. */
export const NAMES: Words = ['"a"', '"b"', "`c`", '"template"', '"none"', '"a"'];

/** Functions. */
export const FUNCTIONS: Words = [
  "and",
  "or",
  "not",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "len",
  "index",
  "slice",
  "call",
  "print",
  "println",
  "html",
  "js",
  "urlquery",
  "fails",
  "twice",
  "add",
  "list",
];

/** Verbs of printf. */
export const DIRECTIVES: Words = [
  "d",
  "s",
  "v",
  "+v",
  "#v",
  "T",
  "q",
  "x",
  "X",
  "o",
  "b",
  "c",
  "U",
  "e",
  "f",
  "g",
  "t",
  "p",
  "%",
  "z",
  "[",
  "é",
  "",
];

/** White space inside actions. */
export const SPACES: Words = [" ", "  ", "\n", "\t"];

/** Pieces that a mutation may insert anywhere. */
export const PIECES: Words = [
  "{{",
  "}}",
  "{{-",
  "-}}",
  " - ",
  "/*",
  "*/",
  "(",
  ")",
  "((((",
  "|",
  ":=",
  "=",
  ",",
  ".",
  "..",
  '"',
  "`",
  "'",
  "\\",
  "%",
  "%[",
  "]",
  "$",
  "\0",
  "\uD800",
  "\uDCFF",
  "\u00A0",
  "_",
  "0x",
  "1e",
  "{{end}}",
  "{{else}}",
  "{{else if .a}}",
  "{{range .list}}",
  '{{define "a"}}',
  "{{break}}",
  "end",
  "nil",
];
