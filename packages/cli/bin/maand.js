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

// A program that ends because nothing was left to wait for has not done what it was asked: red until main says otherwise.
process.exitCode = 1;
await import("../dist/main.js");
