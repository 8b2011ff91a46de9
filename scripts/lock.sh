#!/usr/bin/env bash
# Writes requirements.lock from pyproject.toml: every version and hash, for Python 3.11 and later on any system.
# Keeps the versions already locked; `scripts/lock.sh --upgrade` takes the newest that pyproject.toml allows.
set -euo pipefail
cd "$(dirname "$0")/.."

# Nothing of this machine may reach the lock: no settings files, no index, no links.
for name in $(compgen -e | grep -E '^(UV|PIP)_' || true); do unset "$name"; done

.venv/bin/uv pip compile pyproject.toml --group dev --group build --no-config \
    --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --quiet --output-file requirements.lock "$@"

if grep -n '://' requirements.lock; then
    echo "requirements.lock names an address (above): it may hold versions and hashes only" >&2
    exit 1
fi
echo "requirements.lock: $(grep -c '^[a-z0-9]' requirements.lock) packages"
