#!/usr/bin/env bash
# npm run demo: installs and builds what is missing, then runs the demo on three local workers (scripts/demo/main.mjs).
set -euo pipefail

ME=demo
export DEMO_FROM="${INIT_CWD:-$PWD}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh

need_programs
install_packages
build_packages
exec node scripts/demo/main.mjs "$@"
