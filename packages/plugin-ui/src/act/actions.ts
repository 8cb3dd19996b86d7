import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { hashOf, randomText, type Session } from "../access/sessions.ts";
import type { ActionRequest, ActionsAnswer, ConfirmAnswer, StartedAnswer } from "../contract.ts";
import { Refused } from "../server/refused.ts";
import { type Starter, startDetached } from "./maand-process.ts";
import type { Prepared } from "./prepared.ts";
import { errorIn, type PrintedError } from "./printed-error.ts";

/** The validity of a confirmation, in milliseconds. */
const CONFIRM_MS = 5 * 60_000;
/** The maximum number of pending confirmations, and of listed actions. */
const MOST = 100;
const LISTED = 20;
/** How long to wait for a command to begin its work, in milliseconds; after that, the server responds anyway. */
const BEGUN_MS = 5_000;
const LOOK_MS = 50;
/** The age at which output that a killed server left is deleted, in milliseconds. */
const LEFT_MS = 24 * 3_600_000;
/** The number of bytes that are read at the start and at the end of an output. */
const PART = 64 * 1024;

interface Waiting {
  /** Identifies the confirmed action and the person. */
  readonly of: string;
  readonly until: number;
}

interface Started {
  readonly id: number;
  readonly command: string;
  readonly started_at: string;
  readonly output: string;
  exit: number | null;
  run: string | null;
  /** Whether it has begun its work, so that it can no longer be refused without a change. */
  begun: boolean;
  error: PrintedError | null;
}

/** The options for starting actions, and for notifications. */
export interface ActionsOptions {
  readonly starter: Starter;
  /** The directory for the output of commands. */
  readonly directory: string;
  readonly now: () => Date;
  /** Called when a person has started a command. */
  started(person: string, command: string): void;
  /** Called when a command that was started here has ended. */
  ended(): void;
}

/** The actions of the web UI. Each action first needs a confirmation, and then starts the matching maand command. */
export class Actions {
  readonly #options: ActionsOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #started: Started[] = [];
  #count = 0;

  constructor(options: ActionsOptions) {
    this.#options = options;
  }

  /** Returns the text to confirm, with a token that is valid once, for exactly this action and session. */
  ask(prepared: Prepared, session: Session): ConfirmAnswer {
    const token = randomText();
    if (this.#waiting.size >= MOST) this.#forgetOld();
    this.#waiting.set(hashOf(token), {
      of: nameOf(prepared, session),
      until: this.#options.now().getTime() + CONFIRM_MS,
    });
    const { text, items, command } = prepared;
    return { confirm: { text, items, command: commandText(command), token } };
  }

  /** Starts a confirmed action. Throws 409 if its effects have changed, and for an invalid token. */
  async start(prepared: Prepared, { confirm = "" }: ActionRequest, session: Session): Promise<StartedAnswer> {
    const key = hashOf(confirm);
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (!waiting || waiting.until < this.#options.now().getTime())
      throw new Refused(409, "NOT_CONFIRMED", "the confirmation was already used, or is too old", "confirm it again");
    if (waiting.of !== nameOf(prepared, session))
      throw new Refused(409, "NOT_CONFIRMED", "the action would no longer do what was confirmed", "confirm it again");
    const command = commandText(prepared.command);
    this.#options.started(session.person.name, command);
    if ("interrupts" in prepared.start) {
      process.kill(prepared.start.interrupts, "SIGINT");
      return { started: { command, run: null } };
    }
    const started = this.#begin(command, prepared.start.argv);
    await this.#untilBegun(started);
    return { started: { command, run: started.run } };
  }

  /** The actions that were started here, newest first. */
  list(): ActionsAnswer {
    for (const started of this.#started) if (started.exit === null) look(started);
    const actions = [...this.#started].reverse().map(({ command, started_at, exit, run, error }) => ({
      ...{ command, started_at, exit, run, error },
    }));
    return { actions };
  }

  #begin(command: string, argv: readonly string[]): Started {
    const { directory } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    deleteLeft(directory, this.#options.now().getTime() - LEFT_MS);
    this.#count += 1;
    const output = join(directory, `action-${process.pid}-${this.#count}.ndjson`);
    const at = this.#options.now().toISOString();
    const started: Started = {
      id: this.#count,
      command,
      started_at: at,
      output,
      exit: null,
      run: null,
      begun: false,
      error: null,
    };
    const child = startDetached(this.#options.starter, argv, output);
    const ended = (exit: number) => {
      look(started, true);
      started.exit = exit;
      rmSync(output, { force: true });
      this.#options.ended();
    };
    child.once("error", (cause) => {
      started.error = { code: "SYSTEM", message: `maand could not be started: ${cause.message}`, hint: null };
      ended(1);
    });
    child.once("exit", (code) => ended(code ?? 1));
    this.#started.push(started);
    if (this.#started.length > LISTED) this.#started.shift();
    return started;
  }

  /** Waits until the command has begun its work, or ended. Throws its error if it was refused. */
  async #untilBegun(started: Started): Promise<void> {
    for (let waited = 0; waited < BEGUN_MS && started.exit === null && !started.begun; waited += LOOK_MS) {
      await pause(LOOK_MS);
      if (started.exit === null) look(started);
    }
    if (!started.begun && started.error)
      throw new Refused(409, started.error.code, started.error.message, started.error.hint);
  }

  #forgetOld(): void {
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined) this.#waiting.delete(oldest);
  }
}

function deleteLeft(directory: string, before: number): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? before) < before) rmSync(path, { force: true });
  }
}

/** An action, and the person who requested it. */
function nameOf(prepared: Prepared, { key }: Session): string {
  return hashOf(JSON.stringify([key, prepared]));
}

/**
 * Reads the output of a command. Its first event has the id of its run. The next event that is not a warning shows
 * whether the command has begun or was refused. At its end, the last line may be an error.
 */
function look(started: Started, isOver = false): void {
  if (!started.begun) {
    const head = partOf(started.output, (size) => [0, Math.min(size, PART)]);
    const events = [...head.matchAll(/^\{"seq":\d+,"at":"[^"]*","run":"([0-9a-f-]{36})","type":"([a-z._]+)"(.*)$/gm)];
    started.run = events[0]?.[1] ?? null;
    const [, , type, fields = ""] = events.find(([, , one]) => one !== "run.started" && one !== "warning") ?? [];
    started.begun = type !== undefined && !(type === "run.finished" && fields.includes('"outcome":"refused"'));
  }
  if (!isOver) return;
  const tail = partOf(started.output, (size) => [Math.max(0, size - PART), Math.min(size, PART)]);
  started.error ??= errorIn(tail) ?? null;
}

function partOf(path: string, range: (size: number) => [position: number, length: number]): string {
  const file = openSync(path, "r");
  try {
    const [position, length] = range(fstatSync(file).size);
    const buffer = Buffer.alloc(length);
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, length, position));
  } finally {
    closeSync(file);
  }
}

function commandText(command: readonly string[]): string {
  return [...(command[0] === "kill" ? [] : ["maand"]), ...command].join(" ");
}
