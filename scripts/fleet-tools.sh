# Sourced by test.sh: what the end-to-end tests need, a fleet and a terminal; missing packages are installed with apt.

FLEET_PACKAGES=(openssh-server rsync sudo procps tmux)

# Programs that read what a realistic workspace renders, shells that complete command lines or that users of workers log in
# with, a Prometheus with a browser for its pages, programs that keep secrets, and a database server with a pooler; nothing else needs them, so without the first only
# that test fails, and without the others their tests are skipped.
CONSUMER_PACKAGES=(nginx-light haproxy redis-server redis-tools postgresql pgbouncer openssl zsh fish tcsh ksh prometheus chromium pass gnupg age)

need_fleet() {
  [ "$(id -u)" = 0 ] ||
    refuse "the end-to-end tests need root, to give each worker its own mounts; npm run test:unit runs the others"
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
  install_with_apt "${CONSUMER_PACKAGES[@]}" || say "they cannot be installed; a-realistic-workspace-renders-right will fail, and without postgresql the tests of team mode are left out"
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

# Debian starts what it installs, unless this file says no; where there is one already, it stays in charge.
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
