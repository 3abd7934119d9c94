"""Whatever a line does to a node's messages, no value is given to a wrong tag or time, and a rebirth sets all right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from tests.servers.edge import AliasEdge, Sent
from tests.sources.sparkplug.steps import Steps

KEYS = (("", "Pressure"), ("Hearth", "T/North"), ("Hearth", "T/South"))
APART = 1_000_000.0  # values of different metrics never meet
Op = tuple[Literal["data", "named", "rebirth", "restart", "device"], int]
OPS = st.lists(
    st.tuples(st.sampled_from(["data", "data", "data", "named", "rebirth", "restart", "device"]), st.integers(0, 2)),
    max_size=14,
)
FATES = st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 5, -1, -2]), min_size=60, max_size=60)
"""How many places a message is late; -1: it is lost, -2: it comes again seven places later."""


AHEAD = st.sampled_from([0, 5_000_000])
"""How far our clock is ahead of the node's [us]."""


@dataclass
class Plant:
    """A node, everything it sent, and what is true of it."""

    edge: AliasEdge = field(default_factory=AliasEdge)
    sent: list[tuple[Sent, bool]] = field(default_factory=list)
    truth: set[tuple[int, int, float]] = field(default_factory=set)
    count: int = 0

    def births(self) -> None:
        for device in ("", "Hearth"):
            self._send(self.edge.birth(device), birth=True)
            self._note(key for key in KEYS if key[0] == device)

    def do(self, op: Op, shuffled: bool) -> None:
        kind, which = op
        if kind in ("data", "named"):
            device, name = KEYS[which]
            self.count += 1
            self._send(self.edge.data({name: APART * which + self.count}, device, named=kind == "named"))
            self._note([KEYS[which]])
            return
        if kind == "device":
            self._send(self.edge.death("Hearth"), birth=True)
            self._send(self.edge.birth("Hearth"), birth=True)
            self._note(KEYS[1:])
            return
        if kind == "restart":
            self._send(self.edge.death(), birth=True)
            self.edge.bdseq = ((self.edge.bdseq or 0) + 1) % 256
        if shuffled:
            turned = list(self.edge.aliases.values())
            self.edge.aliases = dict(zip(KEYS, turned[1:] + turned[:1], strict=True))
        self.edge.seq = 0
        self.births()

    def _send(self, message: Sent, *, birth: bool = False) -> None:
        self.sent.append((message, birth))

    def _note(self, keys: object) -> None:
        for key in keys:  # type: ignore[attr-defined]
            self.truth.add((KEYS.index(key) + 1, self.edge.now * 1000, self.edge.values[key]))


def _through(sent: list[tuple[Sent, bool]], fates: list[int], births_in_place: bool) -> list[Sent]:
    """What a line makes of messages: some late, some lost, some twice."""
    arriving = []
    for place, (message, birth) in enumerate(sent):
        fate = 0 if birth and births_in_place else fates[place % len(fates)]
        if fate != -1:
            arriving.append((place + max(0, fate) + 0.5 * (fate > 0), message))
        if fate == -2:
            arriving.append((place + 7.5, message))
    return [message for _, message in sorted(arriving, key=lambda entry: entry[0])]


def _is_right(ops: list[Op], fates: list[int], ahead: int, *, shuffled: bool) -> None:
    plant = Plant(AliasEdge(values={key: APART * place for place, key in enumerate(KEYS)}))
    plant.births()
    for op in ops:
        plant.do(op, shuffled)
    steps = Steps(plant.edge)
    steps.now += ahead
    steps.connect()
    births_at = set()
    for message in _through(plant.sent, fates, births_in_place=shuffled):
        steps.hear(message)
        if "BIRTH" in message[0]:
            births_at.add(steps.now)
    steps.wait(300)
    plant.edge.now, plant.edge.seq = max(plant.edge.now, steps.now // 1000) + 5, 0
    last = len(plant.sent)
    plant.births()
    steps.hear(*(message for message, _ in plant.sent[last:]))
    births_at |= {steps.now, steps.now - 1_000}
    steps.wait(30)
    closed_at = births_at | {time + 1 for _, time, _, _ in steps.gaps}
    for tag, time, value, _ in steps.rows:
        if value is not None:
            assert int(value // APART) == tag - 1, "a value of another metric"
            assert (tag, time, value) in plant.truth or time in closed_at
    for place, key in enumerate(KEYS):
        of_tag = [(time, at, value) for at, (tag, time, value, _) in enumerate(steps.rows) if tag == place + 1]
        assert max(of_tag)[2] == plant.edge.values[key]


@given(ops=OPS, fates=FATES, ahead=AHEAD)
def test_lost_late_and_doubled_messages_give_no_wrong_row(ops: list[Op], fates: list[int], ahead: int) -> None:
    _is_right(ops, fates, ahead, shuffled=False)


@given(ops=OPS, fates=FATES, ahead=AHEAD)
def test_aliases_that_change_at_every_birth_give_no_wrong_row(ops: list[Op], fates: list[int], ahead: int) -> None:
    _is_right(ops, fates, ahead, shuffled=True)
