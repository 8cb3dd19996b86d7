# Sourced by demo.sh and test.sh in the root of the repository. Installs and builds packages that are missing or out of
# date.

# Prints the reason on one line, and exits.
refuse() {
  printf '%s: %s\n' "$ME" "$*" >&2
  exit 2
}

say() { printf '%s: %s\n' "$ME" "$*"; }

# Runs a command without output. If it fails, prints the last lines of its output.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" = 0 ] || tail -n 20 "$log" >&2
  rm -f "$log"
  return "$status"
}

need_programs() {
  local program
  for program in node npm make; do
    command -v "$program" >/dev/null || refuse "$program is missing; on Debian: apt-get install nodejs npm make"
  done
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
    refuse "Node 20.19 or newer is needed, and this is $(node --version)"
}

install_packages() {
  [ -d node_modules/.bin ] && node scripts/installed.mjs && return
  say "installing packages with npm ci; the first time this takes a minute"
  quietly npm ci --ignore-scripts --no-audit --no-fund || refuse "npm ci failed, see above"
}

# Compiles the packages with native code, which npm ci did not do: this can run while the packages of maand are built.
# With FAST_COMPILE=1 it takes half as long, and leaves a mark for benchmarks and bundles, because that SQLite is about 5% slower.
compile_packages() {
  native_code_loads && return
  # JOBS is read by node-gyp, which otherwise compiles one file at a time
  JOBS=max CFLAGS=${FAST_COMPILE:+-O1} CXXFLAGS=${FAST_COMPILE:+-O1} quietly npm rebuild better-sqlite3 ssh2 ||
    refuse "npm rebuild failed, see above; it may need python3, make and g++ to compile: apt-get install python3 make g++"
  native_code_loads || refuse "better-sqlite3 does not load; run: npm rebuild better-sqlite3"
  # any later compilation deletes this directory
  if [ -n "${FAST_COMPILE-}" ]; then touch node_modules/better-sqlite3/build/fast-compile; fi
}

# Whether SQLite was compiled, and for this version of Node. ssh2 works without its native part.
native_code_loads() { node -e 'require("better-sqlite3")(":memory:")' 2>/dev/null; }

# Prints the packages in tsconfig.json that have no dist/.
unbuilt() {
  local package
  for package in $(sed -n 's/.*"path": "\(.*\)".*/\1/p' tsconfig.json); do
    [ -d "$package/dist" ] || printf '%s\n' "$package"
  done
}

# Whether every package was built by these scripts after the last change to a source.
build_is_fresh() {
  [ -z "$(unbuilt)" ] && [ -f node_modules/.built ] &&
    [ -z "$(find packages/*/src packages/*/tsconfig.json tsconfig*.json -newer node_modules/.built -print -quit)" ]
}

build_packages() {
  local package
  build_is_fresh && return
  say "building"
  # with these records, tsc would not notice that dist/ is missing
  for package in $(unbuilt); do rm -f "$package/.tsbuildinfo"; done
  quietly npm run build || refuse "npm run build failed, see above"
  touch node_modules/.built
  export MAAND_JUST_BUILT=1 # the end-to-end tests need not bundle again
}
