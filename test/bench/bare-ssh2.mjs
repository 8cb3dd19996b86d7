// node bare-ssh2.mjs '{"user":"...","key":"<file>","command":"...","workers":[{"host":"...","port":22}]}': a program that does nothing but
// connect all workers with ssh2 at the same time, and run one command on each.
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";

const { user, key, command, workers } = JSON.parse(process.argv[2]);
const privateKey = readFileSync(key);
await Promise.all(workers.map(runOn));

function runOn({ host, port }) {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on("error", reject);
    client.on("ready", () =>
      client.exec(command, (error, stream) => {
        if (error) return reject(error);
        stream.resume();
        stream.stderr.resume();
        return stream.on("close", (code) => {
          client.end();
          if (code === 0) resolve();
          else reject(new Error(`${host}: exit code ${code}`));
        });
      }),
    );
    client.connect({ host, port, username: user, privateKey });
  });
}
