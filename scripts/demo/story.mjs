import { writeWorkspace } from "./bucket.mjs";
import { whileRequesting } from "./client.mjs";
import { figuresOf } from "./figures.mjs";
import { Refused } from "./refused.mjs";
import { chapter, print } from "./say.mjs";

/** The steps of the demo: deploy, dry run, upgrade under load, revert, drain, enable again. */
export async function story(shell, options) {
  await begin(shell, options);
  await firstDeploy(shell, options);
  await plan(shell);
  await upgrade(shell, options);
  await badUpgrade(shell, options);
  await drain(shell, options);
  await enableAgain(shell);
}

async function begin(shell, options) {
  chapter(
    "A bucket",
    `The bucket is ${options.name}. Its three workers are addresses of this machine.
It has two jobs: the site serves http, and the diary writes a line every half second.`,
  );
  await shell.type("maand init");
  writeWorkspace(options);
  await shell.type("cat workspace/workers.json");
  await shell.type("cat workspace/jobs/site/manifest.json");
}

async function firstDeploy(shell) {
  chapter(
    "The first deploy",
    "The build checks the workspace. The deploy syncs the files to the workers and starts the jobs.",
  );
  await shell.type("maand build");
  await shell.type("maand deploy");
  await shell.type("maand cat deployments");
  mustSay(await shell.typeAndRead("node ask.mjs"), 3, "version 1.0.0");
}

async function plan(shell) {
  chapter("A dry run", "The site becomes 2.0.0. A dry run shows what a deploy would do, and why.");
  await shell.type(`sed -i 's/"version": "1.0.0"/"version": "2.0.0"/' workspace/jobs/site/manifest.json`);
  await shell.type("maand build");
  await shell.type("maand deploy --dry-run");
}

async function upgrade(shell, { hosts, port }) {
  chapter(
    "The upgrade, under load",
    `The deploy upgrades one worker at a time, and starts the next one only after the previous one is healthy.
Meanwhile a client sends requests to all three, fifty times a second.`,
  );
  report(figuresOf(await whileRequesting(hosts, port, () => shell.type("maand deploy"))));
}

async function badUpgrade(shell, { hosts, port }) {
  chapter(
    "A bad upgrade",
    `Version 3.0.0 does not start. The manifest has "on_failure": "revert", so the same deploy restores
2.0.0, and no later deploy tries 3.0.0 again.`,
  );
  await shell.type(`sed -i 's/"version": "2.0.0"/"version": "3.0.0"/' workspace/jobs/site/manifest.json`);
  await shell.type("sed -i '1i process.exit(1);' workspace/jobs/site/server.mjs");
  let code;
  const requests = await whileRequesting(hosts, port, async () => {
    code = await shell.attempt("maand deploy --build");
  });
  if (code !== 1) throw new Refused(`the deploy of a bad version exited with code ${code} instead of 1`, 1);
  const { together } = figuresOf(requests);
  if (together > 0) throw new Refused(`two workers were down at the same time, for ${Math.round(together)} ms`, 1);
  print("\nAt most one worker was down at any time.");
  mustSay(await shell.typeAndRead("node ask.mjs"), 3, "version 2.0.0");
  await shell.type("maand releases site");
  await shell.type("sed -i 1d workspace/jobs/site/server.mjs");
  await shell.type(`sed -i 's/"version": "3.0.0"/"version": "2.0.0"/' workspace/jobs/site/manifest.json`);
}

/**
 * Prints the results of the client's requests. Throws Refused if two workers were down at the same time, or if a worker
 * was not upgraded.
 */
function report({ sent, failed, versions, hosts, together, between }) {
  const answers = [...versions].map(([version, count]) => `${count} answered by ${version}`).join(", ");
  print(`\nThe client sent ${sent} requests: ${answers}, ${failed} without an answer.`);
  for (const host of hosts)
    print(
      `  ${host.host}  ${host.sent} requests, ${host.failed} failed, ${host.outages.map(inWords).join(", ") || "never down"}`,
    );
  if (together > 0) throw new Refused(`two workers were down at the same time, for ${Math.round(together)} ms`, 1);
  if (hosts.some(({ outages }) => outages.length === 0 || outages.at(-1).to === Number.POSITIVE_INFINITY))
    throw new Refused("a worker was never upgraded, or never started again", 1);
  print(`At most one worker was down at any time, with at least ${Math.round(between)} ms between two outages.`);
}

function inWords({ from, to }) {
  return `down from ${seconds(from)} to ${seconds(to)} s`;
}

function seconds(ms) {
  return (ms / 1000).toFixed(2);
}

async function drain(shell, { hosts: [, host] }) {
  chapter(
    "Maintenance",
    `${host} needs maintenance. A deploy stops everything that disabled.json lists; the data stays.`,
  );
  await shell.type(`echo '{ "workers": ["${host}"] }' > workspace/disabled.json`);
  await shell.type("maand build");
  await shell.type("maand deploy");
  await shell.type("maand cat deployments");
  const answers = await shell.typeAndRead("node ask.mjs");
  mustSay(answers, 2, "version 2.0.0");
  mustSay(answers, 1, "no answer");
}

async function enableAgain(shell) {
  chapter("The end of maintenance", "You delete disabled.json, and the next deploy starts the worker's jobs again.");
  await shell.type("rm workspace/disabled.json");
  await shell.type("maand deploy --build");
  mustSay(await shell.typeAndRead("node ask.mjs"), 3, "version 2.0.0");
}

function mustSay(lines, count, text) {
  const found = lines.filter((line) => line.endsWith(text)).length;
  if (found !== count) throw new Refused(`${found} instead of ${count} workers answered "${text}"`, 1);
}
