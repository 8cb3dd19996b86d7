/**
 * Runs targets of jobs' Makefiles on this machine: the same contract as runner.py, for local workers, which need
 * nothing but Node and make. Delivered by maand; see README.md of @maand/plugin-make.
 *
 *     node <root>/bin/runner.mjs <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]
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

class Failure extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

async function main(words) {
  const request = parse(words);
  const watch = new Watch(request.limit);
  for (const job of chosen(request)) {
    const code = await run(request, job, watch);
    if (code !== 0) return code;
  }
  return 0;
}

function parse(words) {
  const [bucket, target, ...options] = words;
  if (bucket === undefined || target === undefined || options.length % 2 !== 0)
    throw new Failure(USAGE, "usage: runner <bucket_id> <target> [--jobs a,b] [--timeout SECONDS] [--program make]");
  const request = { target, jobs: undefined, limit: undefined, program: "make" };
  for (let at = 0; at < options.length; at += 2) take(request, options[at], options[at + 1]);
  return request;
}

function take(request, name, value) {
  if (name === "--jobs") request.jobs = value.split(",").filter((job) => job !== "");
  else if (name === "--timeout") request.limit = seconds(value);
  else if (name === "--program") request.program = value;
  else throw new Failure(USAGE, `unknown option ${name}`);
}

function seconds(text) {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new Failure(USAGE, `--timeout needs a number of seconds, not ${text}`);
  return value;
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
  const named = job !== "." && job !== ".." && !job.includes("/");
  if (!named || !existsSync(join(ROOT, "jobs", job, "Makefile"))) return "it has no Makefile here";
  if (target === "stop" || listed().some((entry) => entry.job === job)) return undefined;
  return "it is not in jobs.json";
}

// One job

async function run(request, job, watch) {
  const reason = missing(request, job);
  if (reason !== undefined) {
    if (request.target !== "stop") throw new Failure(UNKNOWN, `${job}: ${reason}; run maand deploy first`);
    say(`${job}: nothing to stop, ${reason}`);
    return 0;
  }
  const lock = request.target === "status" ? undefined : await takeLock(request, job, watch);
  try {
    return await carry(request.program, ["-s", "-C", join(ROOT, "jobs", job), "--", request.target], watch);
  } finally {
    if (lock !== undefined) release(lock);
  }
}

/**
 * One lifecycle command per job at a time. Node cannot lock a file, so locks are numbered files that name their holder;
 * the highest number is the lock. Whoever finds its holder gone creates the next number, which only one can do, and
 * looks again whether it is the highest. The highest is never deleted, so two can never both hold it.
 */
async function takeLock({ target }, job, watch) {
  const directory = join(ROOT, "locks");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const me = `${process.pid} ${startOf(process.pid)} ${target}`;
  watch.goesOn("");
  for (let told = false; ; ) {
    const last = highest(directory, job);
    const holder = last === 0 ? undefined : holderOf(join(directory, `${job}.${last}`));
    if (holder === undefined) {
      const lock = claim(directory, job, last + 1, me);
      if (lock !== undefined) return lock;
      continue;
    }
    if (!told) say(`${job}: waiting for ${holder}, which still runs here`);
    told = true;
    await watch.pause(LOCK_PAUSE);
    watch.goesOn(", waiting for the command that still runs here");
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

/** Leaves the file and takes the name out of it. */
function release(path) {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, "", { mode: 0o600 });
  renameSync(draft, path);
}

/** Who holds a lock, or undefined when its process is gone; the start time tells a process from a later namesake. */
function holderOf(path) {
  const [pid = "", start, target] = read(path).split(" ");
  if (!/^\d+$/.test(pid) || !alive(Number(pid)) || startOf(pid) !== start) return undefined;
  return `${target} (pid ${pid})`;
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
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

/** Runs make to its end, however it ends, and hands its output on. */
async function carry(program, words, watch) {
  const child = spawn(program, words, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const pumps = [new Pump(child.stdout, OUT), new Pump(child.stderr, ERR)];
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    child.once("error", (error) => {
      say(`${program}: ${error.code === "ENOENT" ? "No such file or directory" : error.message}`);
      resolve(NO_PROGRAM);
    });
  });
  const status = await Promise.race([ended, watch.called]);
  if (status === undefined && child.pid !== undefined) await endGroup(child.pid, ended);
  for (const pump of pumps) await pump.drain(status === undefined ? STUCK_AFTER_ENDING : STUCK_AFTER);
  for (const pump of pumps) pump.leave();
  if (status !== undefined) return status;
  say(watch.text, ERR.broken);
  return watch.code;
}

async function endGroup(leader, ended) {
  const until = performance.now() + KILL_AFTER;
  for (let signal = "SIGTERM"; signalGroup(leader, signal) && performance.now() < until; signal = 0) {
    await Promise.race([sleep(50), signal === 0 ? sleep(50) : ended]);
  }
  signalGroup(leader, "SIGKILL");
}

/** Whether there was anybody to signal; 0 only asks. */
function signalGroup(leader, signal) {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// What is watched meanwhile

/** What may end a command before its time: the clock, the word `end`, a signal. Settles `called` once. */
class Watch {
  code = undefined;
  text = "";
  #heard = "";

  constructor(limit) {
    this.called = new Promise((resolve) => {
      this.settle = resolve;
    });
    if (limit !== undefined)
      setTimeout(() => this.end(TIMED_OUT, `timed out after ${limit} s`), Math.min(limit * 1000, LONGEST)).unref();
    for (const name of ["SIGTERM", "SIGINT"])
      process.on(name, () => this.end(128 + constants.signals[name], "ended by a signal"));
    process.on("SIGHUP", () => {});
    process.stdin.on("error", () => {});
    process.stdin.on("data", (chunk) => this.#listen(chunk));
    process.stdin.unref?.();
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

  #listen(chunk) {
    const lines = (this.#heard + chunk).split("\n");
    this.#heard = lines.pop().slice(-4096);
    if (lines.some((line) => line.trim() === "end")) this.end(ENDED, "ended on request");
  }
}

/** One of our own outputs; when its reader is gone, what is written is dropped. */
class Sink {
  heard = true;
  broken = false;

  constructor(descriptor) {
    this.stream = open(descriptor);
    this.gone = new Promise((resolve) => {
      this.stream.on("error", resolve);
    }).then(() => {
      this.heard = false;
      return true;
    });
  }

  /** Whether more may be written at once. */
  write(chunk) {
    if (!this.heard || chunk.length === 0) return true;
    this.broken = chunk.at(-1) !== 10;
    return this.stream.write(chunk);
  }

  /** Waits until more may be written, or nobody reads any more. */
  ready() {
    const drained = new Promise((resolve) => {
      this.stream.once("drain", resolve);
    });
    return Promise.race([drained, this.gone]);
  }

  /** Waits until all is taken, or nobody reads any more; answers false if the reader takes nothing for too long. */
  flush(patience) {
    const taken = new Promise((resolve) => {
      this.stream.write("", () => resolve(true));
    });
    return Promise.race([taken, this.gone, sleep(patience, false)]);
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

  constructor(source, sink) {
    this.source = source;
    this.sink = sink;
    source.on("error", () => {});
    source.on("data", (chunk) => {
      this.#bytes += chunk.length;
      if (sink.write(chunk)) return;
      source.pause();
      sink.ready().then(() => source.resume());
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
    await this.sink.flush(patience);
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

const OUT = new Sink(1);
const ERR = new Sink(2);

function say(text, broken = false) {
  ERR.write(Buffer.from(`${broken ? "\n" : ""}runner: ${text}\n`));
}

let code;
try {
  code = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Failure ? error.message : `${error.name}: ${error.message}`);
  code = error instanceof Failure ? error.code : 1;
}
await ERR.flush(STUCK_AFTER_ENDING);
process.exit(code);
