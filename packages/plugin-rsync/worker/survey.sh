# Inspects a bucket's directory on a worker before a sync, and creates it if it is missing.
#
#   survey.sh DIRECTORY JOB...   with the paths of the sync on stdin, each after one letter and ended by a NUL:
#                                f a file, d a directory, o a directory that may be a link placed by the operator
#
# Writes facts: a word and its values, each ended by a NUL. See parseSurvey in src/survey.ts. Paths are relative to DIRECTORY.
# It also deletes the directories in which an earlier rsync kept files that it could not put in place.
command -v rsync >/dev/null 2>&1 || exit 127
umask 022
root=$1
shift

report() { printf '%s\0' "$@"; }

# Records in $far that a link leads to a directory: $1 is the path, $2 its name in the output.
follow() {
  [ -L "$1" ] || return 0
  far=yes
  [ -d "$1" ] || report broken "$2"
}

# Mount points in a directory. The kernel writes blanks, tabs and backslashes of their paths as \040, \011 and \134.
mounts() {
  here=$(cd -P -- "$1" && pwd -P) || return 0
  case $here in
  *[!A-Za-z0-9/._:@+,-]*) here=$(printf %s "$here" | sed 's/\\/\\134/g; s/ /\\040/g; s/	/\\011/g') ;;
  esac
  while read -r _ _ _ _ at _; do
    case $at in "$here"/*) report mount "$1${at#"$here"}" ;; esac
  done </proc/self/mountinfo
}

# The first names in a directory.
names() {
  count=0
  for name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -e "$name" ] || [ -L "$name" ] || continue
    count=$((count + 1))
    [ "$count" -le 5000 ] || break
    report name "$1" "${name##*/}"
  done
}

# The record of the command that last changed this worker. A record that other users could have written is not shown.
fence() {
  if [ ! -e fence ] && [ ! -L fence ]; then return 0
  elif [ -n "$(find fence -prune -type f ! -perm -020 ! -perm -002)" ]; then report fence "$(cat fence)"
  else report fence '!it is not a private file'
  fi
}

far=
follow "$root" .
[ -z "$far" ] || [ -d "$root" ] || exit 0
mkdir -p -- "$root" && cd -P -- "$root" || exit
fence
follow jobs jobs
all=$far
any=$far
for job; do
  far=$all
  follow "jobs/$job" "jobs/$job"
  any=$any$far
  [ -d "jobs/$job" ] || continue
  [ -z "$far" ] || [ -e "jobs/$job/manifest.json" ] || names "jobs/$job"
  [ ! -r /proc/self/mountinfo ] || mounts "jobs/$job"
done
if [ -n "$any" ]; then
  for at in jobs/*/; do
    [ ! -d "$at" ] || report place "${at%/}" "$(cd -P -- "$at" && pwd -P)"
  done
fi

# shellcheck disable=SC2016 # expanded by the inner shell, once for each path
exec xargs -0 sh -c '
  # Whether rsync kept something in a directory that is reached without a link within its job.
  held() {
    [ -d "$1/.~tmp~" ] && [ ! -L "$1/.~tmp~" ] || return 1
    up=$1
    while case $up in jobs/*/*) ;; *) false ;; esac; do
      [ ! -L "$up" ] || return 1
      up=${up%/*}
    done
  }
  for at do
    kind=${at%"${at#?}"}
    at=${at#?}
    if [ "$kind" != o ] && [ -L "$at" ]; then
      printf "link\0%s\0" "$at"
      [ "$kind" = f ] || [ -d "$at" ] || printf "broken\0%s\0" "$at"
    elif [ "$kind" = f ]; then [ ! -d "$at" ] || printf "directory\0%s\0" "$at"
    elif [ -d "$at" ]; then ! held "$at" || rm -rf -- "$at/.~tmp~"
    elif [ -e "$at" ]; then printf "other\0%s\0" "$at"
    fi
  done' sh
