import { isIPv4 } from "node:net";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Refused } from "./refused.mjs";

export const HELP = `npm run demo                    show maand on three local workers
npm run demo -- --down          stop the demo and remove its files

  --dir <path>      where the bucket goes; default demo-bucket
  --hosts <a,b,c>   three loopback addresses; default 127.0.0.11,127.0.0.12,127.0.0.13
  --port <number>   where the site listens on each; default 8181`;

const OPTIONS = {
  down: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
  dir: { type: "string", default: "demo-bucket" },
  hosts: { type: "string", default: "127.0.0.11,127.0.0.12,127.0.0.13" },
  port: { type: "string", default: "8181" },
};

/** Parses the words after `npm run demo --`. `--dir` is relative to the directory in which they were typed. */
export function readOptions(words, from) {
  const { down, help, dir, hosts, port } = parse(words);
  const chosen = hosts.split(",").map((host) => host.trim());
  if (new Set(chosen).size !== 3 || !chosen.every((host) => isIPv4(host) && host.startsWith("127.")))
    throw new Refused(`--hosts takes three addresses, such as ${OPTIONS.hosts.default}, not "${hosts}"`);
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)
    throw new Refused(`--port takes a number from 1 to 65535, not "${port}"`);
  const isDefault = dir === OPTIONS.dir.default;
  const directory = isDefault ? resolve(dir) : resolve(from, dir);
  return { down, help, directory, hosts: chosen, port: Number(port), isDefault };
}

function parse(words) {
  try {
    return parseArgs({ args: words, options: OPTIONS }).values;
  } catch (cause) {
    throw new Refused(`${cause.message.split(". ")[0]}; npm run demo -- --help lists the options`);
  }
}
