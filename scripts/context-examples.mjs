// Part of npm run api: one example of each hook for docs/plugins/contexts.md. A test compiles the examples.
export const EXAMPLES = {
  reconcile: `
hooks.reconcile.tapPromise({ name: "acme", before: "make" }, async ({ job, action, remote }) => {
  if (job.manifest.acme !== true || action.kind !== "stop") return undefined; // the next plugin
  await remote.exec(["acme", "stop", job.name]);
  return "done";
});`,
  stage: `
hooks.stage.tapPromise({ name: "acme", before: "rsync" }, async ({ worker, sources, timeoutMs, remote }) => {
  if (worker.transport !== "acme") return undefined;
  for (const directory of sources) await remote.exec(["acme-sync", directory], { timeoutMs });
  return "done";
});`,
  rollout: `
hooks.rollout.tapPromise({ name: "acme", before: "make" }, async ({ job, action, remote, env }) => {
  if (job.manifest.acme !== true) return undefined; // the next plugin
  await remote.exec(["acme", action.kind, job.name], { env });
  return "done";
});`,
  runOnce: `
hooks.runOnce.tapPromise({ name: "acme", before: "make" }, async ({ worker, remote, command }) => {
  if (worker.transport !== "acme") return undefined; // the next plugin
  const { id, argv, env, timeoutMs, onLine } = command;
  return remote.probe(["acme-once", id, ...argv], { env, timeoutMs, onLine });
});`,
  promote: `
hooks.promote.tapPromise("acme", async ({ job, batch, log }) => {
  log(\`batch \${batch.index + 1} of \${batch.count} of \${job.name} is about to be recorded\`);
});`,
  commit: `
hooks.commit.tapPromise("acme", async ({ summary, log }) => {
  const failed = summary.allocations.filter(({ outcome }) => outcome === "failed");
  log(\`\${summary.outcome}: \${failed.length} failed\`);
});`,
  begin: `
hooks.begin.tap("acme", ({ now }) => {
  if (now().getDay() === 5) throw new MaandError({ code: "NOT_PERMITTED", message: "no deploys on Fridays" });
});`,
  permit: `
hooks.permit.tap("acme", ({ changes }) => {
  const removed = changes.jobs.filter(({ allocations }) => allocations.some(({ action }) => action === "remove"));
  if (removed.length > 1) throw new MaandError({ code: "NOT_PERMITTED", message: "one job at a time" });
});`,
  beforeJob: `
hooks.beforeJob.tapPromise("acme", async ({ allocations: [first], scope }) => {
  if (first === undefined) return;
  const kv = scope(first).openKv();
  kv.put(\`vars/job/\${first.job}\`, "token", "fresh");
  kv.commit();
});`,
  orchestrate: `
hooks.orchestrate.tapPromise("acme", async ({ updatedAllocations: [first], rollOut, checkHealth }) => {
  if (first !== undefined) await rollOut([first]);
  await checkHealth();
  return undefined; // the rest in the usual batches
});`,
  started: `
hooks.started.tapPromise("acme", async ({ job, batch, emit }) => {
  emit("acme.started", { job: job.name, allocations: batch.allocations.length });
});`,
  verify: `
hooks.verify.tapPromise("acme", async ({ active, remote, report }) => {
  for (const { host } of active) {
    const { code } = await (await remote(host)).probe(["acme", "ping"]);
    report({ host, type: "acme", target: host, ok: code === 0, message: \`exit \${code}\` });
  }
});`,
  stopped: `
hooks.stopped.tapPromise("acme", async ({ job, worker, log }) => {
  log(\`\${job.name} no longer runs on \${worker.host}\`);
});`,
  afterJob: `
hooks.afterJob.tapPromise({ name: "acme", concerns: (job) => "acme" in job.manifest }, async ({ job, log }) => {
  log(\`\${job.name} is at \${job.version}\`);
});`,
  connect: `
hooks.connect.tapPromise("acme", async ({ worker, root, settings }) => {
  if (worker.transport !== "acme") return undefined;
  return programRemote({
    ...{ host: worker.host, root, transport: "acme", sudo: false },
    timeoutMs: settings.timeouts.commandMs,
    program: (argv) => ["acme-exec", worker.host, "--", ...argv],
  });
});`,
  locate: `
hooks.locate.tap("acme", ({ worker, bucket }) => {
  return worker.transport === "acme" ? \`/srv/acme/\${bucket.id}\` : undefined;
});`,
  preflight: `
hooks.preflight.tap("acme", ({ needs }) => {
  needs("acme"); // missing tools of all plugins are reported together
});`,
  login: `
hooks.login.tapPromise("acme", async ({ worker }) => {
  if (worker.transport !== "acme") return undefined;
  return { user: "agent", port: 22, keyFile: "/etc/acme/key", sudo: false };
});`,
  identify: `
hooks.identify.tapPromise("acme", async ({ worker, log }) => {
  log(\`\${worker.host} has no host key\`);
  return undefined;
});`,
  runOnWorker: `
hooks.runOnWorker.tapPromise("acme", async ({ worker, remote, command }) => {
  if (worker.transport !== "acme") return undefined;
  return remote.probe(command.argv, { asRoot: true, env: command.env, timeoutMs: command.timeoutMs });
});`,
  inventory: `
hooks.inventory.tapPromise("acme", async ({ worker, jobs }) => {
  if (worker.transport !== "acme") return undefined;
  return { metadata: new Map(), jobs: new Map([...jobs.keys()].map((job) => [job, []])) };
});`,
  inspect: `
hooks.inspect.tapPromise("acme", async ({ worker }) => {
  if (worker.transport !== "acme") return undefined;
  return { exists: true, metadata: new Map(), jobs: new Map(), users: new Map(), groups: new Map() };
});`,
  render: `
hooks.render.tapPromise("acme", async (tree, { newVersion }) => {
  const content = new TextEncoder().encode(\`\${newVersion}\\n\`);
  const hash = createHash("sha256").update(content).digest("hex");
  return { files: [...tree.files, { path: "VERSION", hash, size: content.length, executable: false, content }] };
});`,
  templateFunctions: `
hooks.templateFunctions.tap("acme", (known, current) => ({
  ...known,
  setting: (key: string) => current().kv.get(\`vars/job/\${current().job.name}\`, key),
}));`,
  init: `
hooks.init.tapPromise("acme", async ({ bucket, wrote }) => {
  await writeFile(join(bucket.root, "acme.toml"), "", { flag: "a" });
  wrote("acme.toml");
});`,
  resolveSecrets: `
hooks.resolveSecrets.tapPromise("acme", async ({ provider, references }) => {
  if (provider !== "acme") return undefined;
  return new Map(references.map(({ text, path }) => [text, process.env[\`ACME_\${path.join("_")}\`] ?? ""]));
});`,
  validate: `
hooks.validate.tap("acme", ({ jobs, report }) => {
  for (const { name, manifest } of jobs.filter((job) => job.manifest.acme === undefined))
    report(error("acme.missing", \`workspace/jobs/\${name}/manifest.json\`, \`\${manifest.version} has no acme\`));
});`,
  contribute: `
hooks.contribute.tap("acme", ({ job, kv }) => {
  kv.sync(\`maand/job/\${job.name}\`, "acme/", { "acme/token": "made by the build" });
});`,
  afterBuild: `
hooks.afterBuild.tapPromise("acme", async ({ job, allocations, log }) => {
  log(\`\${job.name} goes to \${allocations.length} workers\`);
});`,
  commitBuild: `
hooks.commitBuild.tapPromise("acme", async ({ jobs, log }) => {
  log(\`\${jobs.length} jobs are built\`);
});`,
  target: `
hooks.target.tapPromise({ name: "acme", before: "make" }, async ({ job, target, remote }) => {
  if (job.manifest.acme !== true || target !== "status") return undefined;
  await remote.exec(["acme", "status", job.name]);
  return "done";
});`,
  command: `
hooks.command.tapPromise("acme", async ({ command, job, log }) => {
  if (!command.startsWith("acme_")) return undefined;
  log(\`\${command} of \${job.name}\`);
  return "done";
});`,
  examine: `
hooks.examine.tapPromise("acme", async ({ needs, workers, report }) => {
  needs("acme");
  report({ check: "acme", where: "workers", ok: workers.length > 0, message: "checked", hint: null });
});`,
  event: `
hooks.event.tap("acme", (event) => {
  if (event.type === "job.finished") process.stderr.write(\`\${event.job} \${event.outcome}\\n\`);
});`,
};
