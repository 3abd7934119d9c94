"""``ferrolan init`` on a real terminal: it asks, says what was wrong with an answer, and can be left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="no pseudo-terminal on this system")


def on_a_terminal(typed: str, *arguments: str, cwd: Path) -> tuple[int, str]:
    """Exit code and screen of a command whose standard streams are a terminal on which a person types."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ferrolan", *arguments]
    process = subprocess.Popen(command, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, typed.encode())
    screen = b""
    try:
        while part := os.read(ours, 4096):
            screen += part
    except OSError:  # the other end has gone
        pass
    code = process.wait(timeout=60)
    os.close(ours)
    return code, screen.decode()


def test_questions_are_asked_again_until_the_document_can_be_written(tmp_path: Path) -> None:
    answers = ["steel", "", "", "Mars/Base", "Europe/Berlin", "CNY", "2026-03", "2026-02"]
    code, screen = on_a_terminal("\n".join(answers) + "\n", "init", "works", cwd=tmp_path)
    assert code == 0, screen
    assert "Mars/Base" in screen and "no clock changes" in screen
    assert "month: 2026-02" in (tmp_path / "works" / "works.yaml").read_text(encoding="utf-8")


def test_end_of_input_at_a_question_stops_without_a_traceback_and_writes_nothing(tmp_path: Path) -> None:
    code, screen = on_a_terminal("steel\n\x04", "init", "works", cwd=tmp_path)
    assert code == 130
    assert "Traceback" not in screen and "Stopped" in screen
    assert list(tmp_path.iterdir()) == []
