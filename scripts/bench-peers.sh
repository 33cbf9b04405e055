#!/usr/bin/env bash
# Compares the forwarding unit with Janus in a network namespace of its own. The network for measurements
# (198.18.0.0/15, RFC 2544) is that machine itself, so no packet leaves the kernel. Janus wants an interface
# that is not loopback; netlab gives one. Needs root. Arguments go to `bench peers`.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck disable=SC2016 # the inner shell expands it
exec target/release/netlab -- sh -c \
    'ip route add local 198.18.0.0/15 dev net0 && exec target/release/bedside bench peers "$@"' sh "$@"
