#!/usr/bin/env bash
# Installs what one kind of work needs, if it is missing and we may. Says what to do otherwise.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

install() { # <what for> <package>…
    local why=$1
    shift
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing $* ($why)…"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        say "Missing: $* ($why). Install it, then run the same command again:"
        say "  sudo apt-get install -y $*"
        exit 1
    fi
}

case "${1:-}" in
tools)
    command -v cargo >/dev/null || { say "Rust is missing. See https://rustup.rs"; exit 1; }
    command -v patch >/dev/null || install "to patch a dependency" patch
    command -v cc >/dev/null || install "to build SQLite and the crypto library" build-essential
    ;;
node)
    command -v npm >/dev/null || install "to build the web app" nodejs npm
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
        { say "Node.js 20 or newer is needed; found $(node --version)."; exit 1; }
    ;;
postgres)
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
        [ -n "${BEDSIDE_TEST_POSTGRES:-}" ] || install "the tests run on it too" postgresql
    ;;
softhsm)
    compgen -G '/usr/lib/*/softhsm/libsofthsm2.so' >/dev/null || compgen -G '/usr/lib/softhsm/libsofthsm2.so' >/dev/null ||
        install "a PKCS#11 token for the tests" softhsm2
    ;;
age)
    command -v age >/dev/null || install "it opens backups in the tests" age
    ;;
coturn)
    command -v turnutils_uclient >/dev/null || install "its client tests the relay" coturn
    ;;
chromium)
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || install "browser tests" chromium
    ;;
speech)
    command -v espeak-ng >/dev/null || install "it speaks for the tests of sound" espeak-ng
    ;;
janus)
    command -v janus >/dev/null || install "to compare with it" janus
    command -v ip >/dev/null || install "to give it a network of its own" iproute2
    command -v taskset >/dev/null || install "to keep it on one core" util-linux
    ;;
*)
    say "usage: need.sh tools|node|postgres|softhsm|age|coturn|chromium|speech|janus"
    exit 2
    ;;
esac
