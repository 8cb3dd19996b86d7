#!/usr/bin/env bash
# npm test: installs and builds what is missing, then runs the linter, the type checks and all tests. Passes its
# arguments to vitest.
set -euo pipefail

ME=test
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh
. scripts/fleet-tools.sh
FAST_COMPILE=1

[ -t 1 ] || export NO_COLOR=1
need_programs
need_root
results=$(mktemp)
checks=$(mktemp)
trap 'wait; rm -f "$results" "$checks"' EXIT

# apt, the compiler and the build of the packages wait for different things, and run side by side
{ need_fleet && want_consumers; } &
tools=$!
install_packages
compile_packages &
compilation=$!
build_packages
# the linter and the type checks use the time in which the others, and end-to-end tests, wait
npm run --silent check >"$checks" 2>&1 </dev/null &
check=$!
wait "$tools" || exit 2
wait "$compilation" || exit 2

tested=0
node_modules/.bin/vitest run --config test/vitest.config.ts --reporter default --reporter json \
  --outputFile.json "$results" "$@" </dev/null || tested=$?

checked=0
wait "$check" || checked=$?
cat "$checks"
[ "$checked" = 0 ] || say "lint or types failed, see above"
node scripts/closing-line.mjs "$results" || tested=1
[ "$checked" = 0 ] && [ "$tested" = 0 ]
