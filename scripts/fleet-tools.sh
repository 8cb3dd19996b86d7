# Sourced by test.sh: installs missing packages that the end-to-end tests need, with apt.

FLEET_PACKAGES=(openssh-server rsync sudo procps tmux)

# Programs that individual tests need: servers whose configuration a realistic workspace renders, login shells and
# shells with completion, a Prometheus, a browser, stores of secrets, and a database server with a pooler. Without these
# servers, the test of the realistic workspace fails. Without the other programs, their tests are skipped.
CONSUMER_PACKAGES=(nginx-light haproxy redis-server redis-tools postgresql pgbouncer openssl zsh fish tcsh ksh prometheus chromium pass gnupg age)

need_root() {
  [ "$(id -u)" = 0 ] ||
    refuse "the end-to-end tests need root, to give each worker its own mounts; npm run test:unit runs the others"
}

need_fleet() {
  fleet_is_there && return
  say "installing ${FLEET_PACKAGES[*]} with apt-get"
  install_fleet || refuse "the end-to-end tests need sshd, rsync, sudo, ps and tmux: apt-get install ${FLEET_PACKAGES[*]}"
}

fleet_is_there() {
  [ -x /usr/sbin/sshd ] && [ -x /usr/bin/rsync ] && [ -x /usr/bin/sudo ] && [ -x /usr/bin/ps ] && [ -x /usr/bin/tmux ]
}

install_fleet() {
  install_with_apt "${FLEET_PACKAGES[@]}"
  fleet_is_there
}

want_consumers() {
  consumers_are_there && return
  say "installing ${CONSUMER_PACKAGES[*]} with apt-get"
  install_with_apt "${CONSUMER_PACKAGES[@]}" || say "these packages cannot be installed; a-realistic-workspace-renders-right will fail, and without postgresql the tests of team mode are skipped"
}

consumers_are_there() {
  [ -x /usr/sbin/nginx ] && [ -x /usr/sbin/haproxy ] && [ -x /usr/bin/redis-server ] && [ -x /usr/bin/redis-cli ] &&
    [ -x /usr/bin/openssl ] && [ -x /usr/bin/zsh ] && [ -x /usr/bin/fish ] && [ -x /usr/bin/tcsh ] && [ -x /usr/bin/ksh ] &&
    [ -x /usr/bin/pass ] && [ -x /usr/bin/gpg ] && [ -x /usr/bin/age ] && [ -x /usr/bin/age-keygen ] &&
    [ -x /usr/bin/prometheus ] && [ -x /usr/bin/promtool ] && [ -x /usr/bin/chromium ] && [ -x /usr/sbin/pgbouncer ] &&
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

install_with_apt() {
  command -v apt-get >/dev/null || return 1
  without_daemons apt_install "$@" 2>/dev/null || { quietly apt-get update && without_daemons apt_install "$@"; }
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y --no-install-recommends "$@"
}

# Debian starts a daemon on installation, unless this file forbids it. An existing file stays in effect.
without_daemons() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e "$policy" ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  "$@" || status=$?
  rm -f "$policy"
  return "$status"
}
