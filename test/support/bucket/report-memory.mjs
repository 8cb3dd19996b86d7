// Loaded before maand: at its end, writes the most memory the process ever had, in bytes, into the file $MEMORY_FILE.
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  writeFileSync(process.env.MEMORY_FILE, String(process.resourceUsage().maxRSS * 1024));
});
