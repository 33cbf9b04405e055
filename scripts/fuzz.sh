#!/usr/bin/env bash
# Fuzzes each target for a while, starting from the committed corpus. Stops at the first input that
# does not hold and says how to see it again.
#
#   scripts/fuzz.sh [target…]          all targets if none is named
#   FUZZ_SECONDS=60                    how long each target runs
#   FUZZ_KEEP=<folder>                 where new inputs are collected (default target/fuzz/found)
#   FUZZ_MERGE=1                       afterwards takes what reaches new code into fuzz/corpus
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/patched.sh
seconds=${FUZZ_SECONDS:-60}
build=${CARGO_TARGET_DIR:-$PWD/target/fuzz}
found=${FUZZ_KEEP:-$build/found}
host=$(rustc -vV | sed -n 's/^host: //p')

# Coverage feedback as cargo-fuzz asks for it, without a sanitizer: that needs no nightly compiler.
# --target keeps these flags away from build scripts and macros.
export RUSTFLAGS="-Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS=$(printf '%s' "$RUSTFLAGS" | tr -s ' \n' ' ')
CARGO_TARGET_DIR=$build cargo build --manifest-path fuzz/Cargo.toml --release --locked --target "$host"
program=$build/$host/release/fuzz

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    mapfile -t targets < <(find fuzz/corpus -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
fi

for target in "${targets[@]}"; do
    printf '\n=== %s: %s s\n' "$target" "$seconds"
    mkdir -p "$found/$target" "$found/crashes"
    # The longest input is the one that crates/fuzzing names; -len_control grows slowly towards it.
    most=$(sed -n "s/.*target(\"$target\", [^,]*, \([0-9_]*\)).*/\1/p" crates/fuzzing/src/lib.rs | tr -d _)
    if ! FUZZ_TARGET=$target "$program" "$found/$target" "fuzz/corpus/$target" \
        -max_total_time="$seconds" -max_len="$most" -timeout=60 -rss_limit_mb=2048 \
        -artifact_prefix="$found/crashes/$target-" -print_final_stats=1 -verbosity=0 \
        >"$found/$target.log" 2>&1; then
        tail -n 40 "$found/$target.log"
        printf '\n%s does not hold. Again: FUZZ_TARGET=%s %s <file in %s>\n' \
            "$target" "$target" "$program" "$found/crashes"
        exit 1
    fi
    grep -E 'number_of_executed_units|average_exec_per_sec|peak_rss_mb' "$found/$target.log"
    if [ -n "${FUZZ_MERGE:-}" ]; then
        FUZZ_TARGET=$target "$program" -merge=1 -max_len="$most" \
            "fuzz/corpus/$target" "$found/$target" >/dev/null 2>&1
    fi
done
