# numbers.bash - for tests that look at numbers: `load numbers` after `load common`.
# shellcheck shell=bash

says() { # TEXT: what stderr of the last run has
    # shellcheck disable=SC2154 # set by run
    [[ $stderr == *"$1"* ]] || { echo "stderr: $stderr" && return 1; }
}

field() { # NAME: its first number in $output
    # shellcheck disable=SC2154 # set by run
    awk -v text="$output" -v name="\"$1\":" 'BEGIN {
        at = index(text, name)
        if (!at) exit 1
        print substr(text, at + length(name)) + 0 }'
}

is() { # AWK CONDITION
    awk "BEGIN { exit !($1) }" || { echo "not so: $1" && return 1; }
}
