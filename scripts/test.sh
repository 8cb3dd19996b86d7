#!/usr/bin/env bash
# npm test: gets everything ready, then lint, types, and all tests. Arguments go to vitest.
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
# end-to-end tests wait a lot, so lint and types take no time of their own
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
