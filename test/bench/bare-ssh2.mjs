// node bare-ssh2.mjs '{"user":"...","key":"<file>","commands":["..."],"workers":[{"host":"...","port":22}]}': connects
// to all workers with ssh2 at the same time, and runs the commands on each worker one after the other, each in its own
// channel.
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";

const { user, key, commands, workers } = JSON.parse(process.argv[2]);
const privateKey = readFileSync(key);
await Promise.all(workers.map(runOn));

function runOn({ host, port }) {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on("error", reject);
    client.on("ready", async () => {
      try {
        for (const command of commands) await runOne(client, command);
        resolve();
      } catch (cause) {
        reject(new Error(`${host}: ${cause.message}`));
      } finally {
        client.end();
      }
    });
    client.connect({ host, port, username: user, privateKey });
  });
}

function runOne(client, command) {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, stream) => {
      if (error) return reject(error);
      stream.resume();
      stream.stderr.resume();
      return stream.on("close", (code) => {
        if (code === 0) resolve();
        else reject(new Error(`exit code ${code}`));
      });
    });
  });
}
