"""The picture in README: the top of a pack's first page, as a laptop shows it.

make picture            # or: .venv/bin/python scripts/picture.py reports/bromley/2021-11
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "overview.png"
VIEW = {"width": 1200, "height": 1400}


def main() -> None:
    from playwright.sync_api import sync_playwright

    pack = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "reports" / "bromley" / "2021-11").resolve()
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=VIEW)
        page.goto((pack / "index.html").as_uri())
        page.screenshot(path=PICTURE)
        browser.close()
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()
