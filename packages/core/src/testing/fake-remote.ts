import { Duplex, Readable } from "node:stream";
import { MaandError } from "../errors.ts";
import { mustSucceed, Output } from "../remote/output.ts";
import { readable, titleOf } from "../remote/quote.ts";
import type { Argv, ExecOptions, ExecResult, Remote } from "../remote/remote.ts";
import { reveal } from "../remote/secret.ts";

/** One command that a fake remote received. */
export interface FakeCall {
  readonly how: "exec" | "probe" | "stream";
  /** The arguments, with secrets in clear text. */
  readonly argv: readonly string[];
  /** The readable command, used to look up results. */
  readonly line: string;
  readonly options: ExecOptions;
}

/** The result of a command; defaults: code 0 and no output. */
export type FakeAnswer = Partial<ExecResult>;

/** Results by the beginning of the command line, of which the longest match applies, or a function, which may throw. */
export type FakeAnswers =
  | Readonly<Record<string, FakeAnswer>>
  | ((call: FakeCall) => FakeAnswer | undefined | Promise<FakeAnswer | undefined>);

export interface FakeRemoteOptions extends Partial<Pick<Remote, "host" | "root" | "transport" | "sudo">> {
  readonly answers?: FakeAnswers;
}

/** A remote that runs nothing: it records commands and returns the given results. */
export interface FakeRemote extends Remote {
  /** All commands so far, in order. */
  readonly calls: readonly FakeCall[];
  /** The lines of `calls`. */
  readonly lines: readonly string[];
  readonly closed: boolean;
}

/**
 * A fake of the worker `10.0.0.1`, with transport ssh and root `/opt/worker/bucket`. Every command succeeds without
 * output. The fake follows the contract of a real remote: `exec` throws COMMAND_FAILED, lines go to `onLine`, an
 * aborted signal throws INTERRUPTED.
 */
export function fakeRemote(options: FakeRemoteOptions = {}): FakeRemote {
  const { host = "10.0.0.1", root = "/opt/worker/bucket", transport = "ssh", sudo = true, answers = {} } = options;
  const calls: FakeCall[] = [];
  let closed = false;
  const ask = async (how: FakeCall["how"], argv: Argv, given: ExecOptions = {}): Promise<ExecResult> => {
    const call: FakeCall = { how, argv: argv.map(reveal), line: readable(argv), options: given };
    calls.push(call);
    interrupted(host, call);
    const result = played((await answer(answers, call)) ?? {}, given);
    interrupted(host, call);
    return result;
  };
  return {
    host,
    root,
    transport,
    sudo,
    calls,
    get lines() {
      return calls.map((call) => call.line);
    },
    get closed() {
      return closed;
    },
    exec: async (argv, given) => mustSucceed(host, titleOf(argv, given), await ask("exec", argv, given)),
    probe: (argv, given) => ask("probe", argv, given),
    async stream(argv, given) {
      const { code, stdout, stderr } = await ask("stream", argv, given);
      return {
        io: playback(stdout),
        stderr: Readable.from([Buffer.from(stderr)]),
        exit: Promise.resolve(code),
        destroy() {},
      };
    },
    async close() {
      closed = true;
    },
  };
}

function interrupted(host: string, { line, options }: FakeCall): void {
  if (!options.signal?.aborted) return;
  throw new MaandError({ code: "INTERRUPTED", message: `${line} on ${host} was interrupted`, worker: host });
}

function answer(answers: FakeAnswers, call: FakeCall): FakeAnswer | undefined | Promise<FakeAnswer | undefined> {
  if (typeof answers === "function") return answers(call);
  const fitting = Object.keys(answers).filter((begin) => call.line.startsWith(begin));
  const best = fitting.sort((a, b) => b.length - a.length)[0];
  return best === undefined ? undefined : answers[best];
}

function played({ code = 0, stdout = "", stderr = "", durationMs = 0 }: FakeAnswer, given: ExecOptions): ExecResult {
  const output = new Output(given.onLine);
  output.push("stdout", Buffer.from(stdout));
  output.push("stderr", Buffer.from(stderr));
  return output.end(code, durationMs);
}

function playback(text: string): Duplex {
  return new Duplex({
    read() {
      this.push(Buffer.from(text));
      this.push(null);
    },
    write(_chunk, _encoding, done) {
      done();
    },
  });
}
