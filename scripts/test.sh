#!/usr/bin/env bash
# Everything that must hold, in the cheapest order that fails fast. Prints how long each step took.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -a lines
begin=$SECONDS
# Tests that need what a machine may lack (namespaces, a database) say so in a line of their own.
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() { # <name> <make target>
    local from=$SECONDS
    printf '\n=== %s\n' "$1"
    make --no-print-directory "$2" 2>&1 | tee -a "$log"
    lines+=("$(printf '%5d s  %s' $((SECONDS - from)) "$1")")
}

step "formatting" fmt
step "web: lint, types, unit tests" web-check
step "clippy" lint
step "dependencies" deny
step "Rust tests" unit
step "program" build
step "every screen" gallery
step "whole visits in a browser" e2e
step "visits behind networks" lab-short

printf '\n'
printf '%s\n' "${lines[@]}"
printf '%5d tests skipped\n' "$(grep -c 'skipped: ' "$log" || true)"
printf '%5d s  in all\n' $((SECONDS - begin))
