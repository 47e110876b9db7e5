# A real blueprint, end to end: the demo's configuration on real cards, shortened.
bats_require_minimum_version 1.5.0
load common

@test "a hold'em blueprint plays aces and trash as it should at every preflop decision" {
    skip_unless jq
    hb-train --config "$ROOT/examples/demo.yaml" --logdir run --iters 800000 --quiet
    ckpt=run/checkpoints/latest.hbc
    hb-ckpt verify "$ckpt"

    # Decisions where the actor can fold, from the blueprint itself.
    hb-ckpt export "$ckpt" --street preflop |
        jq -r 'select(.legal[0] == "f") | .actions' | sort -u >nodes
    seen=0
    while read -r actions; do
        row=$(hb-show "$ckpt" --at "$actions" --hand AsAh --format json)
        visits=$(jq .visits <<<"$row")
        [ "$visits" -ge 1000 ] || continue
        seen=$((seen + 1))
        run jq -e '.strategy[0] <= 0.01' <<<"$row"
        assert_success
    done <nodes
    # 1,800 deals of aces to each seat: all decisions but the rarest are judged.
    [ "$seen" -ge 5 ]

    # The small blind opens aces and gives up his worst hands.
    run jq -e '.strategy[1] >= 0.9' <<<"$(hb-show "$ckpt" --hand AsAh --format json)"
    assert_success
    run jq -e '.strategy[0] >= 0.5' <<<"$(hb-show "$ckpt" --hand 7c2d --format json)"
    assert_success

    # What a player would try first, and the manual's examples, on the same blueprint.
    hb-eval sanity "$ckpt" --deals 300 --tolerance 0.03 # after so short a training
    ln -s run short
    ln -s run long
    ln -s "$ckpt" latest.hbc
    run_manual hb-show.1
}
