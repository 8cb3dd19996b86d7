import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Context, hiddenLine } from "@maand/command";
import { MaandError } from "@maand/core";

/** The source of a secret's value. */
export interface ValueSource {
  /** A file; `-` is standard input. */
  readonly file: string | undefined;
  /** Relative paths start here. */
  readonly from: string;
  /** The prompt on a terminal. */
  readonly question: string;
}

/** The maximum size of the input, in bytes. It is larger than the limit for a secret. */
const LARGEST = 8 * 1024 * 1024;

/**
 * Reads the value of a secret: from a file, unchanged; from a terminal, without showing it; or from standard
 * input, without one final newline.
 */
export async function readValue(source: ValueSource, context: Context): Promise<string> {
  const { file, from, question } = source;
  if (file !== undefined && file !== "-") return readTextFile(file, from);
  if (file === undefined && context.stdin.isTTY === true) return hiddenLine(question, context);
  return withoutFinalNewline(await readInput(context));
}

/** The exact text of a file; `-` is standard input. Throws NOT_FOUND, USAGE. */
export async function readText(file: string, from: string, context: Context): Promise<string> {
  return file === "-" ? textOf(await bytesOf(context.stdin), "standard input") : readTextFile(file, from);
}

function readTextFile(file: string, from: string): string {
  try {
    return textOf(readFileSync(resolve(from, file)), file);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && typeof cause.code === "string") || cause instanceof MaandError)
      throw cause;
    throw new MaandError({
      code: "NOT_FOUND",
      message: `${file} cannot be read: ${cause.code === "ENOENT" ? "it is missing" : cause.code}`,
      hint: "name a readable file, or pass the value on standard input",
    });
  }
}

async function readInput(context: Context): Promise<string> {
  return textOf(await bytesOf(context.stdin), "standard input");
}

async function bytesOf(stream: Context["stdin"]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array);
    size += bytes.byteLength;
    if (size > LARGEST) throw usage("standard input", `is larger than ${LARGEST} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function textOf(bytes: Uint8Array, where: string): string {
  if (bytes.byteLength > LARGEST) throw usage(where, `is larger than ${LARGEST} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usage(where, "is not UTF-8 text");
  }
}

function usage(where: string, problem: string): MaandError {
  return new MaandError({
    code: "USAGE",
    message: `${where} ${problem}`,
    hint: "encode binary values first, for example with base64, and decode them where they are used",
  });
}

function withoutFinalNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}
