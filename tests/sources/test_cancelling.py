"""A library that loses a cancellation does not keep a stream running."""

from __future__ import annotations

import asyncio

import pytest

from ferrolan.sources.cancelling import heed_cancelling


async def _careless(answer: asyncio.Future[int]) -> int:
    """A library's call that drops a cancellation which meets its answer, as ``wait_for`` of Python 3.11 does."""
    try:
        return await answer
    except asyncio.CancelledError:
        return 7


async def _scene(heeds: bool) -> bool:
    """Whether a task that was cancelled within a careless call ended as cancelled."""

    async def stream() -> None:
        await _careless(asyncio.get_running_loop().create_future())
        if heeds:
            heed_cancelling()

    task = asyncio.create_task(stream())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    return task.cancelled()


def test_a_cancellation_that_a_library_lost_ends_the_task() -> None:
    assert asyncio.run(_scene(heeds=True))


def test_without_it_the_task_would_run_on() -> None:
    assert not asyncio.run(_scene(heeds=False))


def test_nothing_happens_to_a_task_that_nobody_cancelled() -> None:
    async def scene() -> str:
        heed_cancelling()
        return "went on"

    assert asyncio.run(scene()) == "went on"


def test_a_time_that_ran_out_is_no_cancellation() -> None:
    async def scene() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(1)
        heed_cancelling()
        return "went on"

    assert asyncio.run(scene()) == "went on"
