#!/usr/bin/env bash
# floors.sh - who includes whom, and what the library leans on. TAP.      tests/floors.sh BUILD
#
#  - the #include lines against floors.tsv; hb_plugin.h includes <stddef.h> and <stdint.h> alone
#  - undefined symbols of BUILD/libhb.a against lib-symbols.allow (an allow-list: compilers rewrite
#    calls, so a deny-list leaks)
#  - every symbol the library defines for others starts with hb_
#  - variables that can change, "data:NAME" in the same list
# The symbols are those of a plain build; with sanitizers or coverage they are skipped.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 70
lib=${1:?build folder}/libhb.a
allow=tests/lib-symbols.allow
bad=0
n=0

verdict() { # NAME TEXT: text is what is wrong
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
        return
    fi
    echo "not ok $n - $1"
    while read -r line; do echo "# $line"; done <<<"$2"
    bad=1
}

includes() {
    grep -n '^[[:space:]]*#[[:space:]]*include' lib/*/*.[ch] tools/*.[ch] plugins/*.[ch] 2>/dev/null |
        awk -v table=tests/floors.tsv '
        BEGIN {
            plain = " assert ctype errno float inttypes limits stdarg stdatomic stdbool stddef stdint stdio" \
                " stdlib stdnoreturn string strings "
            while ((getline line < table) > 0) {
                if (line ~ /^#/ || split(line, f, "\t") < 3) continue
                ours[f[1]] = " " f[2] " "
                system_headers[f[1]] = " " f[3] " "
            }
        }
        {
            split($0, at, ":")
            file = at[1]
            dir = file
            sub(/\/[^\/]*$/, "", dir)
            name = $0
            sub(/^[^<"]*[<"]/, "", name)
            sub(/[>"].*/, "", name)
            if (!(dir in ours)) { print file ": " dir " has no line in " table; next }
            if (file == "lib/abstraction/hb_plugin.h") {
                if (name != "stddef.h" && name != "stdint.h")
                    print file ":" at[2] ": the plugin header includes " name
                next
            }
            if ($0 ~ /include[[:space:]]*</) {
                stem = name
                sub(/\.h$/, "", stem)
                if (!index(plain, " " stem " ") && !index(system_headers[dir], " " name " "))
                    print file ":" at[2] ": " dir " may not include <" name ">"
                next
            }
            floor = name
            if (!sub(/\/.*/, "", floor)) floor = "" # a file beside it, or one that the build makes
            if (dir == "plugins") { if (name != "hb_plugin.h") print file ":" at[2] ": " name; next }
            if (floor != "" && "lib/" floor != dir && !index(ours[dir], " " floor " ") &&
                !index(ours[dir], " " name " "))
                print file ":" at[2] ": " dir " may not include \"" name "\""
        }'
}

# Names as in the source: no version, and not what fortified headers make of them.
plain_names() {
    sed -E 's/@.*//;s/^__isoc(99|23)_//;s/^__(.*)_chk$/\1/;s/^__(.*)_2$/\1/;s/^__(open|fstat|stat|lstat)64.*/\1/;s/64$//'
}

unknown_symbols() {
    comm -23 <(nm -u "$lib" 2>/dev/null | awk 'NF == 2 && $1 == "U" && $2 !~ /^hb_/ { print $2 }' | sort -u |
        comm -23 - <(nm -g --defined-only "$lib" | awk 'NF == 3 { print $3 }' | sort -u) |
        plain_names | sort -u) <(grep -v -e '^#' -e '^data:' $allow | sort -u) |
        sed "s|\$|: the library may not use it; if it must, add it to $allow|"
}

foreign_names() {
    nm -g --defined-only "$lib" | awk 'NF == 3 && $3 !~ /^hb_/ { print $3 ": not hb_..." }'
}

variables() {
    nm -f sysv --defined-only "$lib" | awk -F'|' '
        { gsub(/ /, ""); sub(/\.[0-9]+$/, "", $1) }
        $NF ~ /^(\.data|\.bss|\.tbss|\.tdata|\*COM\*)/ && $NF !~ /^\.data\.rel\.ro/ &&
            ($4 == "OBJECT" || $4 == "TLS") { print "data:" $1 }' |
        sort -u | comm -23 - <(grep '^data:' $allow | sort -u)
}

verdict "folders include only what floors.tsv says" "$(includes)"
if ! nm "$lib" >/dev/null 2>&1; then
    verdict "symbols of the library" "no $lib"
elif [ "$(uname)" != Linux ] || nm -u "$lib" 2>/dev/null | grep -qE '__(asan|ubsan|tsan|msan|gcov|llvm)'; then
    n=$((n + 1))
    echo "ok $n - symbols of the library # skip not a plain build on Linux"
else
    verdict "the library uses only symbols of lib-symbols.allow" "$(unknown_symbols)"
    verdict "all it defines is hb_..." "$(foreign_names)"
    verdict "it has no variables but those of lib-symbols.allow" "$(variables)"
fi
echo "1..$n"
exit $bad
