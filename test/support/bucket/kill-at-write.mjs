// Loaded before maand by the test that kills it: counts the store's writes, and ends the process with SIGKILL at the one
// named by MAAND_TEST_KILL_AT. What the store wrote until then is on disk, what would follow never happens.
import { appendFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../packages/core/package.json", import.meta.url));
const Database = require("better-sqlite3");
const at = Number(process.env.MAAND_TEST_KILL_AT ?? "0");
const countFile = process.env.MAAND_TEST_COUNT_FILE;
let writes = 0;

const prepare = Database.prototype.prepare;
Database.prototype.prepare = function prepareCounted(sql) {
  const statement = prepare.call(this, sql);
  if (!/\b(step|staged|promoted|delivery|bucket)\b/.test(sql) || /^\s*SELECT/i.test(sql)) return statement;
  const run = statement.run;
  statement.run = function runCounted(...values) {
    writes += 1;
    if (countFile) appendFileSync(countFile, `${sql.replace(/\s+/g, " ").slice(0, 60)}\n`);
    if (writes === at) process.kill(process.pid, "SIGKILL");
    return run.apply(statement, values);
  };
  return statement;
};
