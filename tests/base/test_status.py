"""Status codes: severities against the list of the standard."""

from __future__ import annotations

import polars as pl
import pytest

from ferrolan.base.status import RETRACTED, StatusCode, bad, good, uncertain


@pytest.mark.parametrize("code", list(StatusCode))
def test_the_name_of_a_code_says_its_severity(code: StatusCode) -> None:
    frame = pl.DataFrame({"status": [int(code)]}).select(
        good=good(pl.col("status")), uncertain=uncertain(pl.col("status")), bad=bad(pl.col("status"))
    )
    (severity,) = [name for name in frame.columns if frame[name].item()]
    assert code.name.split("_")[0].lower() == severity


def test_codes_are_those_of_the_standard() -> None:
    # OPCFoundation/UA-Nodeset, Schema/StatusCode.csv, commit a2d4ae8b
    assert StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED == 0x40940000
    assert StatusCode.UNCERTAIN_DATA_SUB_NORMAL == 0x40A40000
    assert StatusCode.BAD_TIMEOUT == 0x800A0000
    assert StatusCode.BAD_NO_COMMUNICATION == 0x80310000
    assert StatusCode.BAD_TYPE_MISMATCH == 0x80740000
    assert StatusCode.BAD_CONFIGURATION_ERROR == 0x80890000
    assert StatusCode.BAD_NOT_CONNECTED == 0x808A0000
    assert StatusCode.BAD_DEVICE_FAILURE == 0x808B0000
    assert StatusCode.BAD_SENSOR_FAILURE == 0x808C0000
    assert StatusCode.BAD_OUT_OF_SERVICE == 0x808D0000
    assert StatusCode.BAD_NO_DATA == 0x809B0000


def test_our_own_mark_lies_outside_the_32_bits_of_the_standard() -> None:
    assert RETRACTED > 0xFFFFFFFF
