"""The failpoints: list, code and page say the same."""

import re

from adapter.failpoints import Failpoint
from tests.unit.docs.pages import ROOT, page, rows


def test_every_failpoint_is_reached_in_one_place_of_the_code() -> None:
    files = [path for path in (ROOT / "adapter").rglob("*.py") if path.name != "app.py"]
    reached = [name for path in files for name in re.findall(r"reach\(Failpoint\.(\w+)\)", path.read_text())]

    assert sorted(reached) == sorted(Failpoint.__members__)


def test_the_page_lists_every_failpoint_with_its_place_in_the_order_of_the_flow() -> None:
    listed = [(row[0].strip("`"), row[1]) for row in rows(page("failpoints.md")) if row[0].strip("`") in {*Failpoint}]

    assert listed == [(point.value, point.place) for point in Failpoint]


def test_each_failpoint_is_broken_by_a_fault_test() -> None:
    source = "".join(path.read_text() for path in sorted((ROOT / "tests" / "faults").glob("*.py")))

    assert [point.name for point in Failpoint if f"Failpoint.{point.name}" not in source] == []
