// Writes a line into a diary every half second. The diary is in data/, so it continues after a restart or an upgrade.
import { appendFileSync, existsSync, readFileSync } from "node:fs";

const DIARY = "data/diary.txt";
const { WORKER_IP: host, NEW_VERSION: version } = process.env;
let page = existsSync(DIARY) ? readFileSync(DIARY, "utf8").split("\n").length - 1 : 0;

setInterval(() => {
  page += 1;
  appendFileSync(DIARY, `${new Date().toISOString()} page ${page}, written by version ${version} on ${host}\n`);
}, 500);
