type Files = Readonly<Record<string, string>>;
type JobParts = [manifest: Readonly<Record<string, unknown>>, files: Files];

const NODE = `import { createServer } from "node:http";
const [host, port] = process.argv.slice(2);
createServer((_, response) => response.end("node_load 1\\n")).listen(Number(port), host);
`;

const SCRAPE = `- job_name: maand:job
  static_configs:
    - targets: [maand:port/_implicit]
      labels: { team: maand:job }
`;

const ALERTS = `groups:
  - name: node
    interval: 2s
    limit: 50
    rules:
      - alert: NodeIsUp
        expr: up{job="node"} == 1
        annotations:
          summary: "{{ $labels.instance }} is up"
          runbook: up
`;

const RECORDS = `groups:
  - name: deep
    rules:
      - record: node:load:sum
        expr: sum(node_load)
`;

const RUNBOOK = `# A node is up

Everything is fine on \`{{ $labels.instance }}\`. No action is needed.

<script>document.title = "taken over";</script>

## What can be done

| Step | Command |
|---|---|
| restart | make restart |

1. Look at the [index](../index.html) for *other* runbooks.
2. Call **nobody**.

> It is a test.

\`\`\`sh
curl -s http://localhost:9100/metrics | grep load
\`\`\`

- [x] written
- [ ] rehearsed
`;

const DASHBOARD = `<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Nodes &amp; more</title></head>
<body><p>{{ with query "count(up == 1)" }}{{ . | first | value }}{{ end }} up</p></body></html>
`;

/** A Makefile that runs a program in the background, and writes a line to `data/lifecycle` for each target. */
function makefile(command: string): string {
  return `PID := data/pid
start:
	@mkdir -p data
	@echo start >> data/lifecycle
	@setsid nohup ${command} > data/out 2>&1 & echo $$! > $(PID)
stop:
	@echo stop >> data/lifecycle
	@if test -e $(PID); then kill $$(cat $(PID)) 2>/dev/null || true; while kill -0 $$(cat $(PID)) 2>/dev/null; do sleep 0.02; done; rm -f $(PID); fi
restart: stop start
reload:
	@echo reload >> data/lifecycle
	@kill -HUP $$(cat $(PID))
status:
	@kill -0 $$(cat $(PID))
.PHONY: start stop restart reload status
`;
}

/** A job on every worker, with a metric, rules, a runbook, a dashboard and a certificate. */
export function monitoredNode(port: number): JobParts {
  const manifest = {
    version: "1.0.0",
    selectors: ["worker"],
    resources: { ports: { node_metrics_port: port } },
    certs: { web: {} },
    health_check: {
      checks: [{ type: "tcp", port: "node_metrics_port" }],
      wait: { attempts: 100, interval_seconds: 0.1 },
    },
  };
  const files = {
    Makefile: makefile(`${process.execPath} node.mjs $(WORKER_IP) ${port}`),
    "node.mjs": NODE,
    "_prometheus/scrape.yaml": SCRAPE,
    "_prometheus/alerts/node.yaml": ALERTS,
    "_prometheus/alerts/deep/records.yml": RECORDS,
    "_prometheus/runbooks/up.md": RUNBOOK,
    "_prometheus/dashboards/nodes.html": DASHBOARD,
    "_prometheus/dashboards/lib/shared.html": "<p>not listed</p>",
    "_prometheus/dashboards/.dashboardignore": "lib/\n",
  };
  return [manifest, files];
}

/** The login of {@link secureServer}. */
export const LOGIN = { user: "admin", password: "s3cret-of-test" };

/** Its password in the format of Prometheus. */
const BCRYPT = "$2b$05$abcdefghijklmnopqrstuu2mhWu9GT0Yp0BX/Km4XNPNs1R9Rv7zm";

const WEB = `tls_server_config: { cert_file: certs/web.crt, key_file: certs/web.key }
basic_auth_users: { ${LOGIN.user}: ${BCRYPT} }
`;

const PUT_LOGIN = `import maand
maand.put_job_secret("admin_username", "${LOGIN.user}").raise_for_status()
maand.put_job_secret("admin_password", "${LOGIN.password}").raise_for_status()
`;

/** The same server with TLS, a certificate of the bucket, and a login. */
export function secureServer(port: number): JobParts {
  const [manifest, files] = prometheusServer(port);
  const secure = {
    certs: { web: {} },
    prometheus: { scheme: "https" },
    commands: { command_login: { executed_on: ["pre_deploy"] } },
    health_check: {
      checks: [{ type: "tcp", port: "prometheus_port_http" }],
      wait: { attempts: 200, interval_seconds: 0.1 },
    },
  };
  const started = (files.Makefile ?? "").replace("--config.file", "--web.config.file=web.yml --config.file");
  return [
    { ...manifest, ...secure },
    { ...files, Makefile: started, "web.yml": WEB, "_modules/command_login.py": PUT_LOGIN },
  ];
}

/** A job that runs Debian's Prometheus on the worker with the label `mon`. */
export function prometheusServer(port: number): JobParts {
  const flags = [
    "--config.file=prometheus.yml",
    "--storage.tsdb.path=data/tsdb",
    `--web.listen-address=$(WORKER_IP):${port}`,
    "--web.console.templates=consoles",
    "--web.console.libraries=consoles",
    "--web.enable-remote-write-receiver",
  ];
  const manifest = {
    version: "1.0.0",
    selectors: ["mon"],
    restart_policy: "reload",
    resources: { ports: { prometheus_port_http: port } },
    health_check: {
      checks: [{ type: "http", port: "prometheus_port_http", path: "/-/ready" }],
      wait: { attempts: 200, interval_seconds: 0.1 },
    },
  };
  const config = `global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
{{ruleFiles}}
scrape_configs:{{scrapeConfigs}}
`;
  return [manifest, { Makefile: makefile(`/usr/bin/prometheus ${flags.join(" ")}`), "prometheus.yml.tpl": config }];
}
