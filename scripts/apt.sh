#!/usr/bin/env bash
# Installs Debian packages as root without questions: scripts/apt.sh PACKAGE ...
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { apt-get -o DPkg::Lock::Timeout=120 -qq "$@" >"$log" 2>&1; }
{ apt update && apt install -y --no-install-recommends "$@"; } || { tail -n 5 "$log" >&2; exit 1; }
