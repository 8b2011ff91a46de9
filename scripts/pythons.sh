#!/usr/bin/env bash
# Beside .venv, .venv-3.11, .venv-3.12 and .venv-3.13 from the same lock, so that `make check-long` can try every Python that
# is supported. One that the machine lacks is named and left out; its tests then skip here and fail in CI.
set -euo pipefail
cd "$(dirname "$0")/.."

newest_of() { # a Python X.Y on the PATH, or of pyenv
    command -v "python$1" 2>/dev/null && "python$1" --version >/dev/null 2>&1 && return
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python 2>/dev/null | sort -V | tail -1
}

for version in 3.11 3.12 3.13; do
    [ -x ".venv/bin/python$version" ] && continue
    python=$(newest_of "$version" | tail -1)
    if [ -z "$python" ]; then
        printf 'pythons: no Python %s here: install it to have it tried\n' "$version" >&2
        continue
    fi
    [ ".venv-$version/ready" -nt requirements.lock ] || PYTHON=$python VENV=.venv-$version scripts/setup.sh
done
