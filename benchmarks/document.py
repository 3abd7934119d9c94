"""Loading the shipped document and its tag map: every key, unit, reference and tag checked.

The peer parses the same two files and checks nothing.
"""

from __future__ import annotations

import csv

from benchmarks.registry import Subject
from ferrolan import verbs

DOCUMENT = verbs.load()
LINES = len(DOCUMENT.path.read_text(encoding="utf-8").splitlines())


def ours() -> object:
    return verbs.load().content_hash


def peer() -> object:
    import yaml

    with DOCUMENT.tags_path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return yaml.load(DOCUMENT.path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), rows


SUBJECT = Subject(
    name="load the document",
    station="document",
    ours=ours,
    peer=peer,
    peer_name="PyYAML (libyaml), csv",
    note=f"shipped example: {LINES} lines of YAML, {len(DOCUMENT.tags)} tags. Ours keeps the line of every node and "
    "checks units, references and sources; the peer only parses, so the difference is the price of checking",
)
