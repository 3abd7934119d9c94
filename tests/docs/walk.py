"""Walk a page of the documentation: run its commands in order, write its files, compare what it shows with what came.

``python tests/docs/walk.py`` walks the tutorial with this interpreter in an empty folder; ``--fresh`` begins in a copy of
the repository, with the page's own commands that make an environment and install Ferrolan into it.

How a page is read:

- a block ``sh`` is one shell script, a block ``python`` one program; each runs in a process of its own, in the folder and
  with the search path that the one before left behind;
- a block ``text`` right after it is what it prints, on either stream; ``…`` stands for the rest of a line, and a line of it
  alone for any lines;
- a block with a title, such as ``csv title="meter.csv"``, is a file that is written;
- the comment before a block may say ``<!-- exit: 2 -->``, the code it ends with; ``<!-- only fresh -->``, that it makes the
  environment; or ``<!-- not run: REASON -->``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
ANY = "…"
FENCE = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w*)(?P<attributes>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S
)
NARROW = re.compile("[\u00a0\u2007\u2009\u202f]")
TITLE = re.compile(r'title="([^"]+)"')
LEFT_OUT = (".git", ".ci", ".venv", "runs", "site", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache")


@dataclass(frozen=True)
class Block:
    """A code block: its line in the page, language, the file it is, what is said of it, and its text."""

    line: int
    language: str
    title: str | None
    mark: str
    body: str

    @property
    def reason(self) -> str | None:
        """Why it is not run; nothing where it is."""
        return self.mark.removeprefix("not run: ") if self.mark.startswith("not run: ") else None

    @property
    def exit_code(self) -> int:
        """The code its commands end with."""
        return int(self.mark.removeprefix("exit: ")) if self.mark.startswith("exit: ") else 0


@dataclass(frozen=True)
class Step:
    """A block that is run, and what the page says it prints."""

    block: Block
    printed: str | None


class Stumbled(AssertionError):
    """The page and what came of it differ."""


def blocks(text: str) -> Iterator[Block]:
    """The code blocks of a page in order."""
    for found in FENCE.finditer(text):
        title = TITLE.search(found["attributes"])
        line = text.count("\n", 0, found.start("language")) + 1
        yield Block(line, found["language"], title[1] if title else None, found["mark"] or "", found["body"])


def steps(text: str) -> Iterator[Step]:
    """The blocks that are run or written, each with the output that is shown after it."""
    all_blocks = list(blocks(text))
    for number, block in enumerate(all_blocks):
        after = all_blocks[number + 1] if number + 1 < len(all_blocks) else None
        if block.reason is None and (block.title or block.language in ("sh", "python")) and ">>> " not in block.body:
            shown = after.body if after is not None and after.language == "text" and not block.title else None
            yield Step(block, shown)


def walked(page: Path) -> bool:
    """Whether anything of a page is run."""
    return any(True for _ in steps(page.read_text(encoding="utf-8")))


def matches(shown: str, printed: str) -> bool:
    """Whether what was printed is what is shown, ``…`` standing for anything.

    Examples
    --------
    >>> matches("Run … took … s.", "Run 3ca0d1de took 6.2 s."), matches("a\\n…\\nd", "a\\nb\\nc\\nd"), matches("a", "b")
    (True, True, False)
    """
    lines = [r"(?:.*\n)*" if line.strip() == ANY else _line(line) for line in _tidy(shown)]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _tidy(printed))) is not None


def _tidy(text: str) -> list[str]:
    """Lines without blanks at their ends; a no-break space reads as a space."""
    return [NARROW.sub(" ", line).rstrip() for line in text.strip("\n").splitlines()]


def _line(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split(ANY)) + r"\n"


def walk(page: Path, folder: Path, *, fresh: bool = False) -> int:
    """Walk a page in a folder, and say how many steps there were.

    Raises
    ------
    Stumbled
        With the line of the page, what is shown there and what came.
    """
    with tempfile.TemporaryDirectory() as scratch:
        place, path = folder, _search_path(Path(scratch), fresh=fresh)
        count = 0
        for step in steps(page.read_text(encoding="utf-8")):
            if step.block.mark == "only fresh" and not fresh:
                continue
            count += 1
            if step.block.title:
                (place / step.block.title).write_text(step.block.body, encoding="utf-8")
                continue
            place, path = _run(page, step, place, path, Path(scratch))
    return count


def _search_path(scratch: Path, *, fresh: bool) -> str:
    """Where commands are found: `ferrolan` and `python` are those of this interpreter, unless the page installs its own."""
    before = os.environ.get("PATH", os.defpath)
    if fresh:
        return before
    for name, command in {"ferrolan": f'"{sys.executable}" -m ferrolan', "python": f'"{sys.executable}"'}.items():
        script = scratch / name
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        script.chmod(script.stat().st_mode | stat.S_IEXEC)
    return f"{scratch}{os.pathsep}{before}"


def _run(page: Path, step: Step, place: Path, path: str, scratch: Path) -> tuple[Path, str]:
    """Run a step; the folder and search path it leaves behind."""
    left = scratch / "left.txt"
    if step.block.language == "python":
        program = scratch / "block.py"
        program.write_text(step.block.body, encoding="utf-8")
        command = ["python", str(program)]
    else:
        command = [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            f'trap \'{{ pwd; echo "$PATH"; }} >"{left}"\' EXIT\n{step.block.body}',
        ]
    done = subprocess.run(
        command, cwd=place, env=_environment(path), text=True, encoding="utf-8", stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    where = f"{page.name}:{step.block.line}"
    if done.returncode != step.block.exit_code:
        raise Stumbled(
            f"{where}: ended with {done.returncode}, not {step.block.exit_code}:\n{step.block.body}\n{done.stdout}"
        )
    if step.printed is not None and not matches(step.printed, done.stdout):
        raise Stumbled(f"{where}: the page shows\n{step.printed}\nbut this was printed:\n{done.stdout}")
    if step.block.language == "python":
        return place, path
    folder, path = left.read_text(encoding="utf-8").splitlines()
    return Path(folder), path


def _environment(path: str) -> Mapping[str, str]:
    """A plain terminal: 80 columns, no colour, UTF-8, no settings of whoever walks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FERROLAN", "PYTHON", "PIP_"))}
    plain = {"PATH": path, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    return {**kept, **plain}


def _copy_of_the_repository(folder: Path) -> Path:
    return Path(shutil.copytree(ROOT, folder / "ferrolan", ignore=shutil.ignore_patterns(*LEFT_OUT)))


def main() -> None:
    """Walk the pages that are named, or the tutorial."""
    parser = argparse.ArgumentParser(description="Walk pages of the documentation word for word.")
    parser.add_argument("pages", nargs="*", type=Path, default=[TUTORIAL])
    parser.add_argument("--fresh", action="store_true", help="begin in a copy of the repository, with its installation")
    asked = parser.parse_args()
    for page in asked.pages:
        with tempfile.TemporaryDirectory(prefix="walk-") as name:
            start = _copy_of_the_repository(Path(name)) if asked.fresh else Path(name)
            try:
                print(f"{page.name}: {walk(page, start, fresh=asked.fresh)} steps, all as shown.")
            except Stumbled as error:
                sys.exit(str(error))


if __name__ == "__main__":
    main()
