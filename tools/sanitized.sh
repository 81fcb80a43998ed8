#!/usr/bin/env bash
# Runs the Python suite on a core that is built with a sanitizer, its runtime preloaded into an ordinary Python:
#     tools/sanitized.sh address,undefined [pytest arguments]
#     tools/sanitized.sh thread tests/test_threads.py
set -euo pipefail
kind=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CC=gcc CXX=g++ # whose runtimes are preloaded below
python -m pip install --quiet --no-deps --target "$work/site" "$root" -C cmake.define.ZCFFI_SANITIZE="$kind"
still=()
case $kind in
thread)
    runtime=$(gcc -print-file-name=libtsan.so)
    still=(setarch -R) # it wants a memory layout that a machine may not give; without randomisation it always does
    ;;
*) runtime=$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so) ;;
esac
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:exitcode=66:report_signal_unsafe=0
export PYTHONMALLOC=malloc
cd "$root"
PYTHONPATH="$work/site" LD_PRELOAD="$runtime" ZCFFI_SANITIZED=$kind \
    ${still[@]+"${still[@]}"} python -P -m pytest -o timeout=120 -p no:cacheprovider "$@"
