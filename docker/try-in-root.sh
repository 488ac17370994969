#!/usr/bin/env bash
# What a newcomer does, in a clean Debian 12 and without a container engine: debootstrap a root,
# clone this repository into it, ./dev demo until it is ready, ./dev test. Prints how long each is.
#
# usage: docker/try-in-root.sh [DIRECTORY]     needs root and debootstrap; DIRECTORY must not exist
# DEBIAN_MIRROR names the package source when the default one cannot be reached.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
((EUID == 0)) || { echo "try-in-root.sh: run it as root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "try-in-root.sh: install debootstrap" >&2; exit 1; }
root=${1:-$(mktemp -u -d /var/tmp/selvedge-root.XXXXXX)}
[[ ! -e $root ]] || { echo "try-in-root.sh: $root exists" >&2; exit 1; }

demo_pid=
cleanup() {
  [[ -z $demo_pid ]] || kill "$demo_pid" 2>/dev/null || true
  umount "$root/proc" 2>/dev/null || true
  # Never through a mount that is still there.
  mountpoint -q "$root/proc" || rm -rf --one-file-system "$root"
}
trap cleanup EXIT

# timed NAME COMMAND...
timed() {
  local name=$1 begin=$SECONDS
  shift
  "$@"
  printf '== %s: %d s\n' "$name" "$((SECONDS - begin))"
}

# The machine's own way to its packages holds in the root too.
share_package_sources() {
  local path
  for path in /etc/apt/sources.list.d/debian.sources /etc/apt/apt.conf.d/*proxy* \
    /etc/apt/auth.conf.d/* /etc/resolv.conf; do
    [[ -e $path ]] && install -D "$path" "$root$path"
  done
  if [[ -e $root/etc/apt/sources.list.d/debian.sources ]]; then : >"$root/etc/apt/sources.list"; fi
}

in_root() {
  chroot "$root" /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

demo_until_ready() {
  in_root bash -c 'cd /src && exec ./dev demo --ready-file /tmp/ready.json' &
  demo_pid=$!
  until [[ -s $root/tmp/ready.json ]]; do
    kill -0 "$demo_pid" 2>/dev/null || { echo "the demo ended" >&2; return 1; }
    sleep 1
  done
  # The file names the process: the shell that began it has become it.
  kill -TERM "$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$root/tmp/ready.json")"
  wait "$demo_pid"
  demo_pid=
}

timed debootstrap debootstrap --variant=minbase bookworm "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
share_package_sources
mount -t proc proc "$root/proc"
timed "install git" in_root bash -c \
  'apt-get update -qq && apt-get install -qq -y --no-install-recommends git ca-certificates'
timed clone git clone -q --no-hardlinks "$repository" "$root/src"
timed "./dev demo" demo_until_ready
timed "./dev test" in_root bash -c 'cd /src && ./dev test'
