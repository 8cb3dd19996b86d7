#!/usr/bin/env bash
# npm run demo: installs and builds what is missing, then runs the demo on three local workers (scripts/demo/main.mjs).
set -euo pipefail

ME=demo
export DEMO_FROM="${INIT_CWD:-$PWD}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh

need_programs
install_packages
compile_packages &
compilation=$!
build_packages
wait "$compilation" || exit 2
exec node scripts/demo/main.mjs "$@"
