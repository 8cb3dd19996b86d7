import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Fleet } from "../../support/fleet/index.ts";
import { type Contender, program } from "../suite.ts";
import { ansiblePeers } from "./ansible.ts";
import { type Peer, PRINTED } from "./peer.ts";
import { type PeerFiles, writePeerFiles } from "./peer-files.ts";

/** Other programs that change the workers of a fleet, and what is left out because it is not installed. */
export interface Peers {
  /** Those that run one operation on each worker. */
  readonly contenders: readonly Contender[];
  /** Those that make the four changes of `four-changes.ts`. */
  readonly changes: readonly Contender[];
  /** A sentence for each missing program. */
  readonly skipped: readonly string[];
}

/** What to compare with, and how much. */
export interface PeerOptions {
  readonly floor: string;
  /** `few`: only the operations that the goals for hundreds of workers name, once each. */
  readonly most: "few" | "all";
}

/** The peers on this machine, all as root: each with as many processes as there are workers, and Ansible with pipelining. */
export async function peersOn(fleet: Fleet, { floor, most }: PeerOptions): Promise<Peers> {
  const files = writePeerFiles(fleet);
  const peers = [
    ...(await ansiblePeers(fleet, files)),
    parallelSsh(files),
    clustershell(files),
    ...openssh(files),
  ].filter(({ kind }) => kind !== "all" || most === "all");
  const found = peers.filter((peer) => isInstalled(nameOf(peer)));
  const missing = new Map(peers.filter((peer) => !found.includes(peer)).map((peer) => [peer.from, nameOf(peer)]));
  const contenderOf = ({ name, argv, succeeded, check, turns }: Peer): Contender => ({
    ...{ name, floor, ...(most === "few" ? { turns: 1 } : turns !== undefined && { turns }) },
    async run() {
      const cost = await program(argv(), fleet.directory, { pattern: succeeded, times: fleet.workers.length });
      await check?.();
      return cost;
    },
  });
  return {
    contenders: found.filter(({ kind }) => kind !== "changes").map(contenderOf),
    changes: found.filter(({ kind }) => kind === "changes").map(contenderOf),
    skipped: [...missing].map(([from, name]) => `${name} is not installed, and left out (apt-get install ${from})`),
  };
}

const COMMAND = ["sudo", "-n", ...PRINTED.split(" ")];
const EACH_LINE = /^ran$/gm;

function parallelSsh({ hosts, count, sshConfig }: PeerFiles): Peer {
  const argv = ["parallel-ssh", "-h", hosts, "-p", String(count), "-t", "0", "-i", "-x", `-F ${sshConfig}`, ...COMMAND];
  return { name: "parallel-ssh", argv: () => argv, from: "pssh", succeeded: EACH_LINE, kind: "all" };
}

/** `-S`: it fails if the command fails on a worker. */
function clustershell({ list, count, sshConfig }: PeerFiles): Peer {
  const argv = ["clush", "-S", "-N", "-w", list, "-f", String(count), "-o", `-F ${sshConfig}`, ...COMMAND];
  return { name: "clush", argv: () => argv, from: "clustershell", succeeded: EACH_LINE, kind: "all" };
}

/** One ssh for each worker; and the same through connections that stay open, which the turn that is not counted opens. */
function openssh({ hosts, count, sshConfig }: PeerFiles): Peer[] {
  const each = ["xargs", "-a", hosts, "-P", String(count), "-I{}", "ssh", "-F", sshConfig];
  const control = ["-o", "ControlMaster=auto", "-o", "ControlPath=/tmp/maand-%C", "-o", "ControlPersist=60"];
  const of = (name: string, options: readonly string[]): Peer => ({
    ...{ name, from: "openssh-client", succeeded: EACH_LINE, kind: "all" },
    argv: () => [...each, ...options, "{}", ...COMMAND],
  });
  return [of("OpenSSH, one process each", []), of("OpenSSH, connected before (ControlMaster)", control)];
}

/** The program of a command line, after the settings of its environment. */
function nameOf({ argv }: Peer): string {
  const [first = "", ...rest] = argv();
  return first === "env" ? (rest.find((word) => !word.includes("=")) ?? "") : first;
}

function isInstalled(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((place) => {
    try {
      accessSync(join(place, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
