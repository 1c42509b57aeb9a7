"""`make metrics-table`: writes the table of docs/METRICS.md anew from what the running services export."""

import re

from conftest import BUSY
from orderflow import Orderflow, eventually
from tools import ROOT, SERVICES

DOCUMENT = ROOT / "docs/METRICS.md"
HEAD = "| metric | type | unit | labels | service | meaning |\n|---|---|---|---|---|---|\n"
# What only comes after a while: what metrics-service looks for now and then, and an order that was undone.
LATE = [r"^orderflow_projection_lag_events\{", r'^orderflow_compensations_finished_total\{outcome="compensated"\} [1-9]']


def exercised(orderflow):
    """What each service exports once orders were completed, refused, tried again and undone."""
    for order in [orderflow.place() for _ in range(40)]:
        orderflow.api(f"/orders/{order}?wait=30")

    def texts():
        found = {service: orderflow.get(service, "/metrics")[1] for service in SERVICES}
        return found if all(re.search(late, "".join(found.values()), re.M) for late in LATE) else None

    return eventually("everything there is to export", texts)


def families(text):
    """Every metric of one text by name: its type, its help, and its labels without those of a histogram's buckets."""
    found = {}
    for line in text.splitlines():
        if comment := re.fullmatch(r"# (HELP|TYPE) (\S+) (.*)", line):
            what, name, value = comment.groups()
            found.setdefault(name, {"labels": set()})[what] = value
        elif sample := re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+", line):
            name, labels = sample.groups()
            name = name if name in found else re.sub(r"_(bucket|sum|count)$", "", name)
            found[name]["labels"] |= set(re.findall(r'(\w+)="', labels or "")) - {"le"}
    return found


def unit(name):
    """The last word of a name, as Prometheus wants it; whatever is no time and no size is a number of things."""
    last = name.removesuffix("_total").rsplit("_", 1)[-1]
    return last if last in ("seconds", "bytes") else "1"


def table(texts):
    rows = {}
    for service, text in texts.items():
        for name, family in families(text).items():
            labels = ", ".join(f"`{label}`" for label in sorted(family["labels"]))
            rows.setdefault((name, family["TYPE"], unit(name), labels, family["HELP"]), []).append(service)
    cells = [(f"`{name}`", kind, of, labels, "all" if found == SERVICES else ", ".join(found), meaning)
             for (name, kind, of, labels, meaning), found in sorted(rows.items())]
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in cells)


def of_document(text):
    """Where the table begins and ends."""
    begin = text.index(HEAD)
    end = re.compile(r"^(?!\|)", re.M).search(text, begin)
    return begin, end.start() if end else len(text)


def main():
    orderflow = Orderflow(**BUSY)
    try:
        now = table(exercised(orderflow))
    finally:
        orderflow.close()
    text = DOCUMENT.read_text()
    begin, end = of_document(text)
    DOCUMENT.write_text(text[:begin] + now + text[end:])


if __name__ == "__main__":
    main()
