#!/usr/bin/env bash
# Writes docs/licences.md: every locked package with the licence that it declares. Run after `make lock`.
set -euo pipefail
cd "$(dirname "$0")/.."
names=$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/\1/p' requirements.lock | sort -u)
{
    echo '# Licences'
    echo
    echo 'What every locked package declares of itself, written by `scripts/licences.sh` from `requirements.lock` (do not edit).'
    echo 'Packages that are only for another system or Python, or by another choice of extras, are listed as not installed here.'
    echo
    # shellcheck disable=SC2086
    .venv/bin/python - $names <<'PY'
import json, re, subprocess, sys

def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

words = [".venv/bin/pip-licenses", "--python=.venv/bin/python", "--format=json", "--with-system"]
found = {plain(each["Name"]): each["License"] for each in json.loads(subprocess.check_output(words))}
print("| package | licence |", "|---|---|", sep="\n")
for name in sys.argv[1:]:
    licence = re.sub(r"\s+", " ", found.get(plain(name), "not installed here")).replace("|", "/")
    print(f"| {name} | {licence[:80]} |")
PY
} > docs/.licences.md
mv docs/.licences.md docs/licences.md
