#!/usr/bin/env bash
# Sees to a Chromium for the browser tests. In CI they must run; elsewhere they skip, and say so, where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
has_chromium >/dev/null && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "chromium: installing it for the browser tests"
    scripts/apt.sh chromium fonts-liberation || true
    has_chromium >/dev/null && exit 0
fi
if [ "${CI:-}" = true ]; then
    echo "chromium: not found and not installed, and CI runs no tests without it" >&2
    exit 1
fi
echo "chromium: not found, so the browser tests are skipped (Debian: sudo apt-get install chromium)" >&2
