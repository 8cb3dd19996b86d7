/**
 * Runs targets of jobs' Makefiles on this machine: the same contract as runner.py, for local workers, which need
 * nothing but Node and make. Delivered by maand; see README.md of @maand/plugin-make.
 *
 *     node <root>/bin/runner.mjs <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]
 *     node <root>/bin/runner.mjs <bucket_id> --serve [--protocol 1] [--program make]
 */
import { spawn } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const UNKNOWN = 3;
const USAGE = 64;
const TIMED_OUT = 124;
const NO_PROGRAM = 127;
const ENDED = 130;
const PROTOCOL = "1";
/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_AFTER = 5000;
/** Milliseconds a reader may take nothing once make is over, and once it was ended by us. */
const STUCK_AFTER = 10_000;
const STUCK_AFTER_ENDING = 1000;
const LOCK_PAUSE = 100;
/** A timer takes no more. */
const LONGEST = 2 ** 31 - 1;
/** More than a socket holds: all that make can have left in it. */
const SOCKET = 1024 * 1024;
/** Longest request. */
const LINE = 1024 * 1024;

class Failure extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

async function main(words) {
  const request = parse(words);
  return request.target === "--serve" ? serve(request.program) : once(request);
}

function parse(words) {
  const [bucket, target, ...options] = words;
  if (bucket === undefined || target === undefined || options.length % 2 !== 0)
    throw new Failure(USAGE, "usage: runner <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]");
  const request = { target, jobs: undefined, limit: undefined, program: "make", env: process.env };
  for (let at = 0; at < options.length; at += 2) take(request, options[at], options[at + 1]);
  return request;
}

function take(request, name, value) {
  if (name === "--jobs") request.jobs = value.split(",").filter((job) => job !== "");
  else if (name === "--timeout") request.limit = seconds(value);
  else if (name === "--program") request.program = value;
  else if (name !== "--protocol" || value !== PROTOCOL) throw new Failure(USAGE, `unknown option ${name}`);
}

function seconds(text) {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new Failure(USAGE, `--timeout needs a number of seconds, not ${text}`);
  return value;
}

// The two forms

/** Runs the target of the command line; its output goes out as it comes. */
async function once(request) {
  const [out, err] = [new Sink(1), new Sink(2)];
  const call = new Call(new Voice(out), new Voice(err));
  process.stdin.unref?.();
  eachLine((line) => {
    if (line.trim() === "end") call.end(ENDED, "ended on request");
  });
  onSignal((code) => call.end(code, "ended by a signal"));
  const code = await answer(call, () => request);
  for (const sink of [out, err]) await sink.flush(call.code === undefined ? STUCK_AFTER : STUCK_AFTER_ENDING);
  return code;
}

/** Runs what its input asks for, and answers in frames that say which request they belong to. */
async function serve(program) {
  const sink = new Sink(1);
  const calls = new Map();
  const over = new Promise((resolve) => {
    let listening = true;
    const settle = () => listening || calls.size > 0 || resolve();
    const close = () => {
      listening = false;
      settle();
    };
    const begin = async (wish) => {
      const { id } = wish;
      const call = new Call(new Voice(sink, `${id} out`), new Voice(sink, `${id} err`));
      calls.set(id, call);
      const code = await answer(call, () => asked(wish, program));
      sink.write(Buffer.from(`${id} exit ${code}\n`));
      calls.delete(id);
      settle();
    };
    eachLine((line) => {
      if (!listening || line.trim() === "") return;
      const wish = wishIn(line);
      if (wish === undefined) complain("this is no request");
      else if (wish.end === true) calls.get(wish.id)?.end(ENDED, "ended on request");
      else if (calls.has(wish.id)) complain(`request ${wish.id} runs already`);
      else begin(wish);
    }, close);
    onSignal((code) => {
      for (const call of calls.values()) call.end(code, "ended by a signal");
      close();
    });
  });
  sink.write(Buffer.from(`maand-runner ${PROTOCOL}\n`));
  await over;
  await sink.flush(STUCK_AFTER_ENDING);
  return 0;
}

function eachLine(hear, over = () => {}) {
  let heard = "";
  process.stdin.setEncoding("utf8");
  process.stdin.on("error", over);
  process.stdin.on("end", over);
  process.stdin.on("data", (chunk) => {
    const lines = (heard + chunk).split("\n");
    heard = lines.pop().slice(-LINE);
    for (const line of lines) hear(line);
  });
}

function onSignal(hear) {
  for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => hear(128 + constants.signals[name]));
  process.on("SIGHUP", () => {});
}

function wishIn(line) {
  try {
    const wish = JSON.parse(line);
    return Number.isSafeInteger(wish.id) && wish.id >= 0 ? wish : undefined;
  } catch {
    return undefined;
  }
}

/** A request as it came over the wire. */
function asked(wish, program) {
  const { timeout: limit, env = {} } = wish;
  const request = { target: textOf(wish, "target"), jobs: [textOf(wish, "job")], limit: limit ?? undefined, program };
  if (request.limit !== undefined && !(typeof limit === "number" && limit >= 0))
    throw new Failure(USAGE, "timeout is no number of seconds");
  if (typeof env !== "object" || env === null || Array.isArray(env)) throw new Failure(USAGE, "env is no object");
  for (const name of Object.keys(env)) {
    if (name === "" || /[=\0]/.test(name)) throw new Failure(USAGE, "env has a name that is none");
    textOf(env, name);
  }
  return { ...request, env: { ...process.env, ...env } };
}

function textOf(record, key) {
  if (typeof record[key] === "string" && !record[key].includes("\0")) return record[key];
  throw new Failure(USAGE, `${key} is no text`);
}

// Which jobs

/** The jobs asked for, or all of this worker's; a disabled one is not started unless it is asked for. */
function chosen({ jobs, target }) {
  if (jobs !== undefined) return jobs;
  const lively = target === "start" || target === "restart";
  return listed().flatMap(({ job, disabled }) => (lively && disabled ? [] : [job]));
}

function listed() {
  const path = join(ROOT, "jobs.json");
  try {
    return JSON.parse(readFileSync(path, "utf8")).map(({ job, disabled }) => ({ job, disabled: Boolean(disabled) }));
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw new Failure(UNKNOWN, `${path} cannot be read: ${error.message}`);
  }
}

/** Why there is nothing to run; a job that is leaving needs no entry in jobs.json to be stopped. */
function missing({ target }, job) {
  const named = job !== "" && job !== "." && job !== ".." && !job.includes("/");
  if (!named || !existsSync(join(ROOT, "jobs", job, "Makefile"))) return "it has no Makefile here";
  if (target === "stop" || listed().some((entry) => entry.job === job)) return undefined;
  return "it is not in jobs.json";
}

// One request

/** Runs a request to its end, whatever happens; its exit code. */
async function answer(call, requested) {
  try {
    const request = requested();
    call.takes(request);
    for (const job of chosen(request)) {
      const code = await run(request, job, call);
      if (code !== 0) return code;
    }
    return 0;
  } catch (error) {
    call.say(error instanceof Failure ? error.message : `${error.name}: ${error.message}`);
    return error instanceof Failure ? error.code : 1;
  } finally {
    call.over();
  }
}

async function run(request, job, call) {
  const reason = missing(request, job);
  if (reason !== undefined) {
    if (request.target !== "stop") throw new Failure(UNKNOWN, `${job}: ${reason}; run maand deploy first`);
    call.say(`${job}: nothing to stop, ${reason}`);
    return 0;
  }
  const lock = request.target === "status" ? undefined : await takeLock(request, job, call);
  try {
    return await carry(request, job, call, lock);
  } finally {
    if (lock !== undefined) release(lock);
  }
}

/**
 * One lifecycle command per job at a time. Node cannot lock a file, so locks are numbered files that name their holder;
 * the highest number is the lock. Whoever finds its holder gone creates the next number, which only one can do, and
 * looks again whether it is the highest. The highest is never deleted, so two can never both hold it.
 */
async function takeLock({ target }, job, call) {
  const directory = join(ROOT, "locks");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const me = nameOf(process.pid, target);
  call.goesOn("");
  for (let told = false; ; ) {
    const last = highest(directory, job);
    const holder = last === 0 ? undefined : holderOf(join(directory, `${job}.${last}`));
    if (holder === undefined) {
      const lock = claim(directory, job, last + 1, me);
      if (lock !== undefined) return lock;
      continue;
    }
    if (!told) call.say(`${job}: waiting for ${holder}, which still runs here`);
    told = true;
    await call.pause(LOCK_PAUSE);
    call.goesOn(", waiting for the command that still runs here");
  }
}

function numbers(directory, job) {
  return readdirSync(directory).flatMap((name) => {
    const at = name.lastIndexOf(".");
    return name.slice(0, at) === job && /^\d+$/.test(name.slice(at + 1)) ? [Number(name.slice(at + 1))] : [];
  });
}

function highest(directory, job) {
  return Math.max(0, ...numbers(directory, job));
}

function claim(directory, job, number, me) {
  const path = join(directory, `${job}.${number}`);
  if (!createWhole(path, me)) return undefined;
  if (highest(directory, job) !== number) {
    rmSync(path, { force: true });
    return undefined;
  }
  for (const older of numbers(directory, job).filter((other) => other < number))
    rmSync(join(directory, `${job}.${older}`), { force: true });
  return path;
}

/** Creates a file with its content at once, if there is none yet: nobody ever reads half of it. */
function createWhole(path, content) {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Names make beside us: the lock is held as long as one of the two lives, should we be killed. */
function handOver(path, child, { target }) {
  if (path !== undefined && child !== undefined)
    rewrite(path, `${nameOf(process.pid, target)}\n${nameOf(child, target)}`);
}

/** Leaves the file and takes the names out of it. */
function release(path) {
  rewrite(path, "");
}

function rewrite(path, text) {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}

function nameOf(pid, target) {
  return `${pid} ${startOf(pid)} ${target}`;
}

/** Who holds a lock, or undefined when all it names are gone; the start time tells a process from a later namesake. */
function holderOf(path) {
  for (const line of read(path).split("\n")) {
    const [pid = "", start, target] = line.split(" ");
    if (/^\d+$/.test(pid) && alive(Number(pid)) && startOf(pid) === start) return `${target} (pid ${pid})`;
  }
  return undefined;
}

/** Whether a process has not ended; one whose end nobody has asked for yet has. */
function alive(pid) {
  return send(pid, 0) && !/\) [ZX] /.test(read(`/proc/${pid}/stat`));
}

/** When a process began, in ticks since boot; "-" where there is no /proc. */
function startOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "-";
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Make begins only once it stands in the lock: when we are killed before that, it never does. */
const BEGIN = 'read -r begin <&3 && exec 3<&- && exec "$@"';

function isThere(program, { PATH = "/usr/bin:/bin" }) {
  const places = program.includes("/") ? [""] : PATH.split(":");
  return places.some((place) => existsSync(join(place, program)));
}

/** Runs make to its end, however it ends, and hands its output on. */
async function carry(request, job, call, lock) {
  const { program, target, env } = request;
  if (!isThere(program, env)) {
    call.err.write(Buffer.from(`${program}: No such file or directory\n`));
    return NO_PROGRAM;
  }
  const words = ["-c", BEGIN, "sh", program, "-s", "-C", join(ROOT, "jobs", job), "--", target];
  const child = spawn("sh", words, { detached: true, stdio: ["ignore", "pipe", "pipe", "pipe"], env });
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    child.once("error", (error) => {
      call.err.write(Buffer.from(`sh: ${error.message}\n`));
      resolve(NO_PROGRAM);
    });
  });
  handOver(lock, child.pid, request);
  child.stdio[3].on("error", () => {}).end("begin\n");
  const pumps = [new Pump(child.stdout, call.out), new Pump(child.stderr, call.err)];
  const status = await Promise.race([ended, call.called]);
  if (status === undefined && child.pid !== undefined) await new Ending(child.pid).end(ended);
  for (const pump of pumps) await pump.drain(status === undefined ? STUCK_AFTER_ENDING : STUCK_AFTER);
  for (const pump of pumps) pump.leave();
  if (status !== undefined) return status;
  call.say(call.text);
  return call.code;
}

/**
 * Ends what a command started: its process group, and children of that which have left the group but are still
 * children, as those of `timeout` and `setsid --wait` are. A server that cut itself loose is nobody's child and lives.
 */
class Ending {
  /** When each began, by process id. */
  #strays = new Map();

  constructor(leader) {
    this.leader = leader;
  }

  async end(ended) {
    const until = performance.now() + KILL_AFTER;
    for (let signal = "SIGTERM"; this.#signal(signal) && performance.now() < until; signal = 0) {
      await Promise.race([sleep(50), signal === 0 ? sleep(50) : ended]);
    }
    this.#signal("SIGKILL");
  }

  /** Whether there was anybody to signal; 0 only asks. */
  #signal(signal) {
    this.#gather();
    return [-this.leader, ...this.#strays.keys()].map((target) => send(target, signal)).includes(true);
  }

  #gather() {
    const all = processes();
    for (const [pid, began] of this.#strays) if (all.get(pid)?.began !== began) this.#strays.delete(pid);
    const known = new Set(this.#strays.keys());
    for (const [pid, { group }] of all) if (group === this.leader) known.add(pid);
    for (let news = known; news.size > 0; ) {
      news = new Set([...all].filter(([pid, { parent }]) => news.has(parent) && !known.has(pid)).map(([pid]) => pid));
      for (const pid of news) {
        known.add(pid);
        this.#strays.set(pid, all.get(pid).began);
      }
    }
  }
}

/** Every process that has not ended, by its id; none where there is no /proc. */
function processes() {
  const found = new Map();
  const names = existsSync("/proc/self/stat") ? readdirSync("/proc") : [];
  for (const name of names.filter((text) => /^\d+$/.test(text))) {
    const stat = read(`/proc/${name}/stat`);
    const words = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (words.length > 19 && !/[ZX]/.test(words[0]))
      found.set(Number(name), { parent: Number(words[1]), group: Number(words[2]), began: words[19] });
  }
  return found;
}

function send(target, signal) {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// What is watched meanwhile

/** A request under way: where its output goes, and what may end it before its time, which settles `called` once. */
class Call {
  code = undefined;
  text = "";
  #timer = undefined;

  constructor(out, err) {
    this.out = out;
    this.err = err;
    this.called = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  takes({ limit }) {
    if (limit === undefined) return;
    const end = () => this.end(TIMED_OUT, `timed out after ${limit} s`);
    this.#timer = setTimeout(end, Math.min(limit * 1000, LONGEST));
  }

  over() {
    clearTimeout(this.#timer);
  }

  say(text) {
    this.err.write(Buffer.from(`${this.err.broken ? "\n" : ""}runner: ${text}\n`));
  }

  end(code, text) {
    if (this.code !== undefined) return;
    this.code = code;
    this.text = text;
    this.settle();
  }

  goesOn(where) {
    if (this.code !== undefined) throw new Failure(this.code, this.text + where);
  }

  pause(ms) {
    return Promise.race([sleep(ms), this.called]);
  }
}

/** One of our own outputs; when its reader is gone, what is written is dropped. */
class Sink {
  #heard = true;
  #drained = undefined;

  constructor(descriptor) {
    this.stream = open(descriptor);
    this.gone = new Promise((resolve) => {
      this.stream.on("error", () => {
        this.#heard = false;
        resolve(true);
      });
    });
  }

  /** Whether more may be written at once. */
  write(chunk) {
    return !this.#heard || this.stream.write(chunk);
  }

  /** Waits until more may be written, or nobody reads any more; one promise for all who wait. */
  ready() {
    this.#drained ??= new Promise((resolve) => {
      const over = () => {
        this.stream.off("drain", over).off("error", over);
        this.#drained = undefined;
        resolve();
      };
      this.stream.once("drain", over).once("error", over);
    });
    return this.#drained;
  }

  /** Waits until all is taken, or nobody reads any more; answers false if the reader takes nothing for too long. */
  async flush(patience) {
    if (!this.#heard || this.stream.writableLength === 0) return true;
    const taken = new Promise((resolve) => {
      this.stream.write("", () => resolve(true));
    });
    const waiting = new AbortController();
    const stuck = sleep(patience, false, { signal: waiting.signal }).catch(() => false);
    return Promise.race([taken, this.gone, stuck]).finally(() => waiting.abort());
  }
}

/** An output of a request: as it is, or in frames that say whose it is. */
class Voice {
  broken = false;

  constructor(sink, name) {
    this.sink = sink;
    this.name = name;
  }

  /** Whether more may be written at once. */
  write(chunk) {
    if (chunk.length === 0) return true;
    this.broken = chunk.at(-1) !== 10;
    if (this.name === undefined) return this.sink.write(chunk);
    return this.sink.write(Buffer.concat([Buffer.from(`${this.name} ${chunk.length}\n`), chunk]));
  }
}

/** Node writes its standard streams synchronously, so a reader that stalls would stop the clock too. */
function open(descriptor) {
  try {
    return new Socket({ fd: descriptor, readable: false, writable: true });
  } catch {
    return descriptor === 1 ? process.stdout : process.stderr;
  }
}

/** Carries bytes from one of make's outputs to ours, at the pace of our reader. */
class Pump {
  #bytes = 0;

  constructor(source, voice) {
    this.source = source;
    this.sink = voice.sink;
    source.on("error", () => {});
    source.on("data", (chunk) => {
      this.#bytes += chunk.length;
      if (voice.write(chunk)) return;
      source.pause();
      voice.sink.ready().then(() => source.resume());
    });
  }

  /** Hands on what is left once make is over; what a background child writes from now on is not make's. */
  async drain(patience) {
    const before = this.#bytes;
    for (let quiet = 0, seen = before; quiet < 3 && seen - before < SOCKET; seen = this.#bytes) {
      await turn();
      const waits = this.source.isPaused();
      if (waits && !(await this.sink.flush(patience))) return;
      quiet = waits || this.#bytes !== seen ? 0 : quiet + 1;
    }
  }

  /** Gives a background child that still writes here a reader, or its next line would end it (SIGPIPE). */
  leave() {
    if (this.source.readableEnded || this.source.destroyed) return;
    this.source.pause();
    const reader = spawn("cat", [], { detached: true, cwd: "/", stdio: [this.source, "ignore", "ignore"] });
    reader.on("error", () => {});
    reader.unref();
    this.source.destroy();
  }
}

/** Says a line of our own that belongs to no request. */
function complain(text) {
  process.stderr.write(`runner: ${text}\n`);
}

process.stderr.on("error", () => {});
let code;
try {
  code = await main(process.argv.slice(2));
} catch (error) {
  complain(error instanceof Failure ? error.message : `${error.name}: ${error.message}`);
  code = error instanceof Failure ? error.code : 1;
}
process.exit(code);
