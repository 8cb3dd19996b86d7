#!/usr/bin/env bash
# npm test: installs and builds what is missing, then runs the linter, the type checks and all tests. Passes its
# arguments to vitest.
set -euo pipefail

ME=test
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh
. scripts/fleet-tools.sh

[ -t 1 ] || export NO_COLOR=1
need_programs
# npm compiles on one core, apt unpacks on the other
install_packages &
packages=$!
trap 'wait' EXIT
need_fleet
want_consumers
wait "$packages" || exit 2
build_packages

results=$(mktemp)
checks=$(mktemp)
trap 'wait; rm -f "$results" "$checks"' EXIT
# the linter and the type checks use the time in which end-to-end tests wait
npm run --silent check >"$checks" 2>&1 </dev/null &
check=$!

tested=0
node_modules/.bin/vitest run --config test/vitest.config.ts --reporter default --reporter json \
  --outputFile.json "$results" "$@" </dev/null || tested=$?

checked=0
wait "$check" || checked=$?
cat "$checks"
[ "$checked" = 0 ] || say "lint or types failed, see above"
node scripts/closing-line.mjs "$results" || tested=1
[ "$checked" = 0 ] && [ "$tested" = 0 ]
