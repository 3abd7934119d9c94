"""Writing the brief: every table of a run becomes one page of HTML, its figures drawn, its numbers referenced."""

from __future__ import annotations

from benchmarks import shipped
from benchmarks.registry import Subject
from ferrolan import verbs
from ferrolan.views.declared import context_of

RUN, _ = shipped.run()
CONTEXT = context_of(verbs.load(), RUN.identity)


def ours() -> object:
    return len(verbs.brief(RUN.tables, CONTEXT))


SUBJECT = Subject(
    name="brief", station="views, briefs", ours=ours, note="the shipped example's tables to HTML, in memory"
)
