#!/usr/bin/env bash
# Makes .venv from requirements.lock with the python3 at hand (another: PYTHON=python3.13 make setup; elsewhere: VENV=folder).
# Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
venv=${VENV:-.venv}

say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

check_python() {
    command -v "$python" >/dev/null || stop "$python not found: install Python 3.11 or later"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "$("$python" --version 2>&1) is too old: install Python 3.11 or later, then PYTHON=python3.12 make setup"
}

# Debian splits venv from python3: without ensurepip `python3 -m venv` fails, and so does every pip after it.
add_ensurepip() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    local package
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || stop "$python has no venv: install it (Debian: sudo apt-get install $package)"
    say "installing $package, which $python lacks"
    scripts/apt.sh "$package" || stop "$package could not be installed: install it by hand, then run again"
}

make_venv() {
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    "$python" -m venv --clear "$venv"
}

# The lock's own paragraph for uv: its version and hashes stand in one place.
lock_entry() { sed -n "/^$1==/,/^    # via/p" requirements.lock; }

add_uv() {
    local wanted
    wanted=$(lock_entry uv | sed -n '1s/^uv==\([^ ]*\).*/\1/p')
    [ "$("$venv/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" = "$wanted" ] && return
    lock_entry uv > "$venv/uv.lock"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$venv/uv.lock"
}

add_packages() {
    # Compiled now, whatever PYTHONDONTWRITEBYTECODE says: uncompiled, every kernel starts at half the speed.
    UV_COMPILE_BYTECODE=1 VIRTUAL_ENV="$PWD/$venv" "$venv/bin/uv" pip sync --quiet --require-hashes requirements.lock
    VIRTUAL_ENV="$PWD/$venv" "$venv/bin/uv" pip install --quiet --no-deps --no-build-isolation --offline --editable .
    "$venv/bin/python" -m compileall -q crimelib
}

check_python
add_ensurepip
say "$("$python" --version) in $venv"
make_venv
say "installing the $(grep -c '^[a-z0-9]' requirements.lock) packages of requirements.lock (about a minute the first time)"
add_uv
add_packages
touch "$venv/ready"
say "done in ${SECONDS} s"
