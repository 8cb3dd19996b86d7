#!/bin/sh
true /*
# The lines up to exec are for sh, and a comment for Node. Signals that were ignored when maand was started, as by nohup,
# are to stay ignored; Node resets them all before it runs anything, so they are looked up here and handed over.
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

// CommonJS (see package.json) in the syntax of 2009, so that an old Node can run this file and report that it is too old.
var numbers = process.version.slice(1).split(".").map(Number);
if (numbers[0] > 20 || (numbers[0] === 20 && numbers[1] >= 19)) require("./start.js");
else {
  console.error("maand: Node 20.19 or newer is needed, and %s is %s", process.execPath, process.version);
  console.error("  hint: install a newer Node; or the bundle or the Debian package of maand, which contain one");
  process.exit(1);
}
