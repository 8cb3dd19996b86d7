#!/bin/sh
true /*
# The lines up to exec are code for sh and a comment for Node. A signal that was ignored when maand started, for example
# by nohup, must stay ignored. Node resets all signals before it runs any code, so sh reads the ignored signals here and
# passes them on.
if [ -r /proc/self/status ]; then
  while read -r name mask; do
    if [ "$name" = SigIgn: ]; then
      export MAAND_IGNORED_SIGNALS="$mask"
      break
    fi
  done </proc/self/status
fi
exec node "$0" "$@"
*/;

// This file is CommonJS (see package.json) in the syntax of 2009, so that an old Node can run it and report that Node
// is too old.
var numbers = process.version.slice(1).split(".").map(Number);
if (numbers[0] > 20 || (numbers[0] === 20 && numbers[1] >= 19)) require("./start.js");
else {
  console.error("maand: Node 20.19 or newer is needed, and %s is %s", process.execPath, process.version);
  console.error("  hint: install a newer Node, or use the bundle or the Debian package of maand, which include Node");
  process.exit(1);
}
