#!/bin/sh
# Searches the models fully with spin. No argument: all of them, then every rule taken back, which must fail.
#     run.sh                          (some minutes)
#     run.sh one MODEL.pml "-DX=1 -DY" safety|np [trail]
# Prints a line for each: errors, states, depth. MEM: megabytes (default 3800). Exit status 1 when one comes out wrong.
here=$(cd "$(dirname "$0")" && pwd)
search() { # model defines mode trail
    dir=$(mktemp -d "${TMPDIR:-/tmp}/model.XXXXXX") && cp "$here/$1" "$dir/m.pml" && cd "$dir" || exit 2
    spin $2 -a m.pml >spin.out 2>&1 || { cat spin.out; exit 2; }
    if [ "$3" = np ]; then
        gcc -O2 -w -DNP -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM=${MEM:-3800} -o pan pan.c && ./pan -l -m5000000 >pan.out 2>&1
    else
        gcc -O2 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM=${MEM:-3800} -o pan pan.c && ./pan -E -m5000000 >pan.out 2>&1
    fi
    states=$(sed -n 's/^ *\([0-9e+.]*\) states, stored.*/\1/p' pan.out)
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.out)
    incomplete=$(grep -c 'Search not completed\|out of memory\|max search depth too small' pan.out)
    [ "$incomplete" = 0 ] || [ "$errors" != 0 ] || errors=incomplete
    [ -n "$4" ] && ls ./*.trail >/dev/null 2>&1 && spin $2 -t -p -g -l m.pml
    cd / && rm -rf "$dir"
}
bad=0
expect() { # 0|fail model mode defines
    search "$2" "$4" "$3"
    case "$1$errors" in 00|fail[1-9]*) verdict=ok ;; *) verdict=WRONG; bad=1 ;; esac
    printf '%-6s %-10s %-6s errors %-4s states %-10s %s\n' "$verdict" "$2" "$3" "$errors" "$states" "$4"
}
if [ "$1" = one ]; then
    search "$2" "$3" "${4:-safety}" "$5"
    echo "$2 [$3] ${4:-safety}: errors $errors, states $states"
    exit 0
fi
while read -r want model mode defines; do
    case "$want" in "" | "#"*) ;; *) expect "$want" "$model" "$mode" "$defines" ;; esac
done <"$here/table"
exit $bad
