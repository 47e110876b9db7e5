#!/usr/bin/env bash
# fresh-root.sh - `make test` and `make demo` in a bare Debian with git, make and gcc, by hand and as
# root:   tests/fresh-root.sh [-k] [COMMAND]        default: "make test && make demo"
#
# Needs debootstrap. Clones this repository's HEAD into /var/tmp/hb-root, which -k keeps.
# MIRROR= and SUITE= choose the Debian.
set -eu
cd "$(dirname "$0")/.."

keep=0
[ "${1:-}" != -k ] || { keep=1 && shift; }
command=${1:-make test && make demo}
suite=${SUITE:-bookworm}
mirror=${MIRROR:-} # empty: debootstrap's own choice
root=/var/tmp/hb-root

[ "$(id -u)" = 0 ] || { echo "fresh-root.sh: needs root" >&2 && exit 69; }
finish() {
    local m
    for m in dev/pts dev/shm dev sys proc; do
        ! mountpoint -q "$root/$m" || umount "$root/$m"
    done
    [ $keep = 1 ] || rm -rf --one-file-system "$root"
}
trap finish EXIT

if [ ! -x "$root/usr/bin/git" ]; then
    debootstrap --variant=minbase --include=git,make,gcc,libc6-dev,ca-certificates "$suite" "$root" \
        ${mirror:+"$mirror"}
fi
[ ! -f /etc/apt/apt.conf ] || cp /etc/apt/apt.conf "$root/etc/apt/"
[ ! -f /etc/resolv.conf ] || cp /etc/resolv.conf "$root/etc/"
for m in proc sys dev dev/pts dev/shm; do
    mountpoint -q "$root/$m" || mount --bind "/$m" "$root/$m"
done
rm -rf "$root/hb"
git clone -q --no-hardlinks . "$root/hb"
chroot "$root" env -i HOME=/root TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    sh -c "cd /hb && $command"
