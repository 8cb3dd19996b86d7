// Loaded before maand by the test that kills it: counts every step it takes towards the world outside (files written,
// processes started, bytes to and from workers and children, rows of the store), and sends the process MAAND_TEST_SIGNAL
// at the one named by MAAND_TEST_KILL_AT. At its end it writes how many there were to MAAND_TEST_COUNT_FILE.
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
// it is loaded in each thread: the thread of the database connection takes steps too, and all steps are counted
// together
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
