// node scripts/closing-line.mjs <vitest's json results>: prints the last line of `npm test`,
// "N passed, N failed[, N skipped]".
import { readFileSync } from "node:fs";

const results = read(process.argv[2]);
const { numPassedTests: passed, numPendingTests: pending, numTodoTests: todo, success } = results;
const failed = failures(results);
const skipped = pending + todo;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
process.exitCode = failed === 0 && success ? 0 : 1;

/**
 * Counts failed tests, and files that failed before their first test. Any other failure of the run counts as one failed
 * test.
 */
function failures({ numFailedTests, testResults, success: well }) {
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return Math.max(numFailedTests + broken.length, well ? 0 : 1);
}

/** Reads the results. If there are none, vitest itself failed. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {
      numPassedTests: 0,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
      testResults: [],
      success: false,
    };
  }
}
