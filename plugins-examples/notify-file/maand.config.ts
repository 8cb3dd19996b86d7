import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { defaults } from "@maand/cli";
import { defineConfig, definePlugin, summaryRecord } from "@maand/core";

const notify = definePlugin({
  name: "notify",
  apply({ commit }) {
    commit.tapPromise("notify", async ({ bucket, summary }) => {
      await appendFile(join(bucket.root, "deploys.ndjson"), `${JSON.stringify(summaryRecord(summary))}\n`);
    });
  },
});

export default defineConfig({ plugins: [...defaults(), notify] });
