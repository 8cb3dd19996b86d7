// Preloaded into maand: counts every step with an external effect (files written, processes started, bytes to and from
// workers and children, rows of the store), and sends the signal MAAND_TEST_SIGNAL to the process at step
// MAAND_TEST_KILL_AT. At the end, writes the number of steps to MAAND_TEST_COUNT_FILE.
import childProcess from "node:child_process";
import fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

const require = createRequire(new URL("../../../packages/core/package.json", import.meta.url));
const Database = require("better-sqlite3");
const at = Number(process.env.MAAND_TEST_KILL_AT ?? "0");
const countFile = process.env.MAAND_TEST_COUNT_FILE;
const { writeFileSync } = fs;
// this module is loaded in each thread, because the thread of the database connection also takes steps; all threads
// share one count
const COUNTER = "steps of a test";
if (isMainThread) setEnvironmentData(COUNTER, new SharedArrayBuffer(4));
const steps = new Int32Array(getEnvironmentData(COUNTER));

function step() {
  if (Atomics.add(steps, 0, 1) + 1 === at) process.kill(process.pid, process.env.MAAND_TEST_SIGNAL);
}

function counted(owner, name) {
  const original = owner[name];
  owner[name] = function (...values) {
    step();
    return original.apply(this, values);
  };
}

for (const name of ["writeFileSync", "mkdirSync", "renameSync", "rmSync"]) counted(fs, name);
counted(childProcess, "spawn");
counted(net.Socket.prototype, "write");
counted(net.Socket.prototype, "push");
const prepare = Database.prototype.prepare;
Database.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql);
  if (!/^\s*SELECT/i.test(sql)) counted(statement, "run");
  return statement;
};
syncBuiltinESMExports();
if (countFile && isMainThread) process.on("exit", () => writeFileSync(countFile, String(Atomics.load(steps, 0))));
