// Preloaded into maand: at the end, writes the CPU time of the process in milliseconds to the file $CPU_FILE.
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.CPU_FILE, String((user + system) / 1000));
});
