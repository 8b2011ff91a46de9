"""Many packs: the index over areas and periods, and the way back through periods."""

from pathlib import Path

import pytest
from mps_files import tree_hash
from toy_pack import publish, without_kernels, write_notebook

from crimelib.errors import InputError
from crimelib.production import run
from crimelib.production.index import packs_in, write_index
from crimelib.production.pack import pack_path, verify_pack


@pytest.fixture(autouse=True)
def _no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "execute_notebooks", without_kernels)


def make(out: Path, period: str, *names: str, area: str = "Bromley", audience: str = "board") -> Path:
    notebooks = [write_notebook(out.parent / "notebooks", name, "x = 1") for name in names or ("01_first",)]
    target = pack_path(out, area, period, audience)
    return publish(out, notebooks, target=target, period=period, area_name=area, audience=audience).path


def test_the_index_lists_every_pack_by_area_newest_first_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    out = tmp_path / "reports"
    for area, period in (("Bromley", "2021-10"), ("Bromley", "2021-11"), ("Bexley", "2021-11")):
        make(out, period, area=area)
    (out / "bromley" / "2021-12").mkdir()
    (out / "bromley" / "notes").mkdir()
    write_index(out)
    html = (out / "index.html").read_text()
    assert [(each.area, each.period) for each in packs_in(out)] == [
        ("Bexley", "2021-11"), ("Bromley", "2021-11"), ("Bromley", "2021-10")]  # fmt: skip
    assert all(f'href="{each.href}"' in html and (out / each.href).is_file() for each in packs_in(out))
    assert "3 packs, 3 of them not released yet." in html
    write_index(out)
    assert (out / "index.html").read_text() == html
    assert not list(out.glob(".index.html.[0-9]*"))


def test_names_of_areas_are_text_and_a_page_of_someone_else_s_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "reports"
    make(out, "2021-11", area="<script>alert(1)</script>")
    write_index(out)
    assert "<script>" not in (out / "index.html").read_text()
    (out / "index.html").write_text("my own page")
    with pytest.raises(InputError, match="is not an index of packs"):
        write_index(out)
    assert (out / "index.html").read_text() == "my own page"


def test_an_empty_folder_has_an_index_that_says_so(tmp_path: Path) -> None:
    write_index(tmp_path)
    assert "There is no pack in this folder yet." in (tmp_path / "index.html").read_text()


def test_a_page_leads_back_to_the_same_page_of_the_nearest_period_before_and_only_where_it_is(tmp_path: Path) -> None:
    out = tmp_path / "reports"
    first = make(out, "2021-08", "01_first")
    before = tree_hash(first)
    second = make(out, "2021-11", "01_first", "02_second")
    link = '<a class="earlier" href="../2021-08/{}">The same page, August 2021</a>'
    for page in ("index.html", "first.html"):
        assert link.format(page) in (second / page).read_text()
        assert 'class="earlier"' not in (first / page).read_text()
    assert 'class="earlier"' not in (second / "second.html").read_text()
    assert tree_hash(first) == before
    assert verify_pack(second) == []


def test_no_page_leads_to_another_audience_s_pack(tmp_path: Path) -> None:
    out = tmp_path / "reports"
    make(out, "2021-10")
    public = make(out, "2021-11", audience="public")
    assert 'class="earlier"' not in (public / "index.html").read_text()
    later = make(out, "2021-12", audience="public")
    assert 'href="../2021-11-public/first.html"' in (later / "first.html").read_text()
