// Writes a line into its diary every half second. The diary is in data/, so it goes on where it ended.
import { appendFileSync, existsSync, readFileSync } from "node:fs";

const DIARY = "data/diary.txt";
const { WORKER_IP: host, NEW_VERSION: version } = process.env;
let page = existsSync(DIARY) ? readFileSync(DIARY, "utf8").split("\n").length - 1 : 0;

setInterval(() => {
  page += 1;
  appendFileSync(DIARY, `${new Date().toISOString()} page ${page}, written by version ${version} on ${host}\n`);
}, 500);
