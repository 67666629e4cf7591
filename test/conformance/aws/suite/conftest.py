"""Reports to test/conformance/run.sh what was compared, a line per row."""

import collections
import os

import pytest

_rows = collections.OrderedDict()


class Row:
    """One line of the table."""

    def __init__(self):
        self.count, self.failed, self.skipped, self.note = 0, 0, 0, ""


@pytest.fixture
def row(request):
    """The line of a test's module, which names it in ROW."""
    return _rows.setdefault(request.module.ROW, Row())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    name = getattr(item.module, "ROW", None)
    if name:
        line = _rows.setdefault(name, Row())
        line.failed += report.failed
        line.skipped += report.skipped
        if report.skipped and not line.note:
            line.note = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
    return report


def pytest_sessionfinish(session):
    path = os.environ.get("CONFORMANCE_RESULTS")
    if not path:
        return
    with open(path, "a") as out:
        for name, line in _rows.items():
            result = "failed" if line.failed else "skipped" if line.skipped and not line.count else "ok"
            out.write(f"{name}\t{line.count}\t{result}\t{line.note}\n")
