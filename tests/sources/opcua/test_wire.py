"""Laws of reading a message from its bytes: the library's own reading is the oracle."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.sources.live import gathered_texts
from ferrolan.sources.opcua.session import _unusual
from ferrolan.sources.opcua.wire import Notified, Unusual, Values, chosen, joined, notified

KINDS = ua.VariantType
NUMBERS = {
    KINDS.Boolean: st.booleans(), KINDS.SByte: st.integers(-128, 127), KINDS.Byte: st.integers(0, 255),
    KINDS.Int16: st.integers(-(2**15), 2**15 - 1), KINDS.UInt16: st.integers(0, 2**16 - 1),
    KINDS.Int32: st.integers(-(2**31), 2**31 - 1), KINDS.UInt32: st.integers(0, 2**32 - 1),
    KINDS.Int64: st.integers(-(2**53), 2**53), KINDS.UInt64: st.integers(0, 2**53),
    KINDS.Float: st.floats(width=32), KINDS.Double: st.floats(), KINDS.String: st.text(max_size=9) | st.none(),
}  # fmt: skip
MOMENTS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)) | st.none()


@st.composite
def data_values(draw: st.DrawFn) -> ua.DataValue:
    kind = draw(st.sampled_from([*NUMBERS, KINDS.Null]))
    variant = ua.Variant(None, KINDS.Null) if kind is KINDS.Null else ua.Variant(draw(NUMBERS[kind]), kind)
    status = ua.StatusCode(draw(st.sampled_from([0, 0x40900000, 0x808C0000, 0x480])))
    return ua.DataValue(variant, status, draw(MOMENTS), draw(MOMENTS))


@st.composite
def responses(draw: st.DrawFn) -> ua.PublishResponse:
    values = draw(st.lists(data_values(), max_size=12))
    values += draw(st.lists(data_values(), min_size=1, max_size=1)) * draw(st.integers(0, 20))
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = draw(st.integers(1, 2**31))
    response.Parameters.AvailableSequenceNumbers = draw(st.lists(st.integers(0, 99), max_size=3))
    message = response.Parameters.NotificationMessage
    message.SequenceNumber = draw(st.integers(0, 2**32 - 1))
    if values:
        items = [ua.MonitoredItemNotification(handle, value) for handle, value in enumerate(values)]
        message.NotificationData = [ua.DataChangeNotification(items)]
    if draw(st.booleans()):
        message.NotificationData = [*message.NotificationData, ua.StatusChangeNotification(ua.StatusCode(0x800A0000))]
    return response


def same(one: Values | None, other: Values | None) -> bool:
    if one is None or other is None:
        return one is other
    columns = ("handles", "numbers", "statuses", "sourced", "served")
    return one.others == other.others and all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "numbers") for name in columns
    )


@settings(max_examples=150, deadline=None)
@given(responses())
def test_a_message_reads_as_the_library_reads_it(response: ua.PublishResponse) -> None:
    data = bytes(struct_to_binary(response))
    slow = _unusual(struct_from_binary(ua.PublishResponse, Buffer(data)))
    fast = notified(data)
    assert (fast.subscription, fast.sequence, fast.published, fast.changed) == (
        slow.subscription,
        slow.sequence,
        slow.published,
        slow.changed,
    )
    assert same(fast.values, slow.values)


@settings(max_examples=150, deadline=None)
@given(responses(), st.data())
def test_a_message_cut_short_is_never_read_as_a_whole_one(response: ua.PublishResponse, data: st.DataObject) -> None:
    whole = bytes(struct_to_binary(response))
    at = data.draw(st.integers(0, len(whole) - 9))
    try:
        found = notified(whole[:at])
    except Unusual:
        return
    assert isinstance(found, Notified) and at > 60  # what is cut off stands behind the values: lists of results


def test_an_array_is_left_to_the_library() -> None:
    response = ua.PublishResponse()
    item = ua.MonitoredItemNotification(1, ua.DataValue(ua.Variant([1.0, 2.0])))
    response.Parameters.NotificationMessage.NotificationData = [ua.DataChangeNotification([item])]
    with pytest.raises(Unusual):
        notified(bytes(struct_to_binary(response)))


@given(st.lists(st.booleans(), min_size=1, max_size=9))
def test_choosing_rows_keeps_each_value_with_its_row(flags: list[bool]) -> None:
    count = len(flags)
    numbers = np.arange(count, dtype=np.int64)
    values = Values(numbers, numbers + 0.5, {row: str(row) for row in range(count)}, numbers, numbers, numbers)
    left, right = chosen(values, np.array(flags)), chosen(values, ~np.array(flags))
    assert all(left.others[row] == str(left.handles[row]) for row in range(len(left)))
    both = joined([left, right])
    assert sorted(both.handles) == list(range(count)) and all(
        both.others[row] == str(both.handles[row]) for row in range(count)
    )


def message_of(text: bytes) -> bytes:
    response = ua.PublishResponse()
    item = ua.MonitoredItemNotification(7, ua.DataValue(ua.Variant("#" * len(text), KINDS.String)))
    response.Parameters.NotificationMessage.NotificationData = [ua.DataChangeNotification([item])]
    return bytes(struct_to_binary(response)).replace(b"#" * len(text), text)


def test_a_text_in_another_encoding_is_taken_and_stops_nobody() -> None:
    values = notified(message_of(b"Sch\xfcttgut")).values
    assert values is not None and values.others == {0: "Sch\ufffdttgut"}
    told = gathered_texts([1], [0], ["Sch\udcfcttgut"], [0])  # as the library reads it
    assert told["text"].to_list() == ["Sch?ttgut"]


def test_a_notification_that_says_a_negative_size_is_not_gone_round_in() -> None:
    data = message_of(b"four")
    at = data.index(b"four") - 50
    sizes = [place for place in range(max(at, 0), data.index(b"four")) if data[place : place + 3] == b"\x2b\x03\x01"]
    broken = data[: sizes[0] + 3] + (-8).to_bytes(4, "little", signed=True) + data[sizes[0] + 7 :]
    with pytest.raises(Unusual, match="size"):
        notified(broken)
