/** Runs on a worker as `sh -c RECEIVE sh <root>`: extracts the tar on standard input next to the current files. */
export const RECEIVE = `
new=$1/.incoming
umask 022
mkdir -p "$1" && rm -rf "$new" && mkdir -m 700 "$new" || exit 1
tar -x -p --no-same-owner -f - -C "$new" || { rm -rf "$new"; exit 1; }
`;

/**
 * Runs on a worker after all files have arrived, as `sh -c INSTALL sh <root> <names to keep> -- <jobs>`: deletes files
 * that a job no longer has, and replaces changed files one by one by renaming. Does not touch equal files.
 */
export const INSTALL = `
root=$1 new=$1/.incoming; shift
umask 022
keep=
while [ "$1" != -- ]; do keep="$keep -o -path ./$1"; shift; done
shift
for job; do
  [ -d "$root/jobs/$job" ] || continue
  cd "$root/jobs/$job" || exit 1
  find . -mindepth 1 '(' -path . $keep ')' -prune -o -exec sh -c '
    new=$1; shift
    for at; do [ -e "$new/$at" ] || rm -rf -- "$at" || exit 1; done' sh "$new/jobs/$job" {} + || exit 1
done

cd "$new" || exit 1
find . -mindepth 1 -type d -exec sh -c '
  root=$1; shift
  for at; do
    [ -d "$root/$at" ] && [ ! -L "$root/$at" ] && continue
    rm -rf -- "$root/$at" && mkdir -m 755 -- "$root/$at" || exit 1
  done' sh "$root" {} + || exit 1
find . -type f -exec sh -c '
  root=$1; shift
  mode() { stat -c %a -- "$1"; }
  for at; do
    old=$root/$at
    [ ! -L "$old" ] && [ -f "$old" ] && cmp -s -- "$at" "$old" && [ "$(mode "$at")" = "$(mode "$old")" ] && continue
    [ -L "$old" ] || [ ! -d "$old" ] || rm -rf -- "$old" || exit 1
    mv -f -T -- "$at" "$old" || exit 1
  done' sh "$root" {} + || exit 1
cd / && rm -rf "$new"
`;
