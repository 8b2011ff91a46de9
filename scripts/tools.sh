#!/usr/bin/env bash
# Sees to the programs that tests run: a Chromium, and pdftotext, which reads a printed pack by other means than ours. In CI
# those tests must run; elsewhere they skip, and say so, where a program cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
has_pdftotext() { command -v pdftotext; }

see_to() { # a program, and the Debian packages that have it
    program=$1
    shift
    "has_$program" >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "$program: installing it for the tests"
        scripts/apt.sh "$@" || true
        "has_$program" >/dev/null && return
    fi
    if [ "${CI:-}" = true ]; then
        echo "$program: not found and not installed, and CI runs no tests without it" >&2
        exit 1
    fi
    echo "$program: not found, so the tests that run it are skipped (Debian: sudo apt-get install $*)" >&2
}

see_to chromium chromium fonts-liberation
see_to pdftotext poppler-utils
