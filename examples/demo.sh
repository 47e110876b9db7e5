#!/bin/sh
# demo.sh - train a four-street heads-up no-limit hold'em blueprint on all processors and look at it.
#
#     examples/demo.sh [LOGDIR [hb-train options...]]
#
# The programs are those in $HB_BIN, else $B/bin (make demo), else PATH. A second run goes on where the
# first one stopped: training is resumable at any time.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${HB_BIN:-${B:+$B/bin}}
export PATH="${bin:+$bin:}$PATH"
logdir=${1:-hb-demo}
[ $# -eq 0 ] || shift

command -v hb-train hb-show hb-ckpt >/dev/null || {
    echo "$0: hb's programs are neither in HB_BIN nor in PATH" >&2
    exit 69
}
bold=
plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m')
    plain=$(printf '\033[0m')
fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }

latest=$logdir/checkpoints/latest.hbc
resume=
[ ! -e "$latest" ] || resume="--resume-from latest"
start=$(date +%s)

step "Training ${resume:+on }(Ctrl-C stops it and keeps what it has learned)"
# shellcheck disable=SC2086 # two words or none
hb-train --config "$here/demo.yaml" --logdir "$logdir" $resume "$@" || [ $? -eq 75 ]
trained=$(date +%s)

step "The opening chart: first to act before the flop, small blind"
hb-show "$latest"

step "The same player, dealt a pair of aces and a bad hand"
hb-show "$latest" --hand AsAh --format json
hb-show "$latest" --hand 7c2d --format json

step "What was trained"
hb-ckpt info "$latest"
printf 'content hash %s\n' "$(hb-ckpt hash "$latest")"

step "Where it lies, and what to type next"
cat <<END
  $latest  the blueprint (verified when it is read)
  $logdir/metrics.jsonl           rate, memory and work by interval
  $logdir/config.yaml             the configuration as it ran

END
[ -z "${bin:-}" ] || echo "  export PATH=$(cd "$bin" && pwd):\$PATH"
cat <<END
  hb-show $logdir --at r250 --format svg > chart.svg     the answer to the opening raise
  hb-show $logdir --at r250c/ --board AsKd7c             a flop
  hb-show $logdir --tree                                 every line before the flop
  hb-eval sanity $logdir                                 does it fold aces, or the nuts?
  hb-report $logdir                                      where the time went
  hb-train --config $here/demo.yaml --logdir $logdir --resume-from latest --time-budget 600
END

end=$(date +%s)
printf '\n'
[ -z "${HB_DEMO_SINCE:-}" ] || printf 'installing and building took %d s, ' $((start - HB_DEMO_SINCE))
printf 'the demo %d s (%d s of them buckets and training)\n' $((end - start)) $((trained - start))
