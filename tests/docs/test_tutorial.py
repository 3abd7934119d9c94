"""The tutorial and the how-tos do what they say, word for word, in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.walk import ROOT, TUTORIAL, Stumbled, blocks, matches, walk, walked

HOW_TO = sorted((ROOT / "docs" / "how-to").glob("*.md"))


def test_the_tutorial_works_word_for_word(tmp_path: Path) -> None:
    assert walk(TUTORIAL, tmp_path) > 20


@pytest.mark.parametrize("page", [page for page in HOW_TO if walked(page)], ids=lambda page: page.stem)
def test_a_how_to_works_word_for_word(page: Path, tmp_path: Path) -> None:
    assert walk(page, tmp_path) > 0


def test_output_that_differs_from_the_page_is_a_stumble(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\necho one\n```\n\n```text\ntwo\n```\n", encoding="utf-8")
    with pytest.raises(Stumbled, match=r"page\.md:1: the page shows\ntwo\n\nbut this was printed:\none"):
        walk(page, tmp_path)


def test_a_command_that_ends_otherwise_than_the_page_says_is_a_stumble(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- exit: 2 -->\n```sh\ntrue\n```\n", encoding="utf-8")
    with pytest.raises(Stumbled, match=r"page\.md:2: ended with 0, not 2"):
        walk(page, tmp_path)


def test_a_folder_that_was_entered_stays_entered_and_a_titled_block_is_a_file_there(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '```sh\nmkdir a\ncd a\n```\n\n```csv title="b.csv"\n1,2\n```\n\n```sh\ncat b.csv\n```\n\n```text\n1,2\n```\n',
        encoding="utf-8",
    )
    assert walk(page, tmp_path) == 3
    assert (tmp_path / "a" / "b.csv").read_text(encoding="utf-8") == "1,2\n"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a … c", "a b c", True),
        ("a … c", "a b d", False),
        ("a\n…", "a\nb\nc", True),
        ("a\n…", "a", True),
        ("…\nb", "b\nc", False),
        ("1.5", "1x5", False),
    ],
)
def test_an_ellipsis_stands_for_the_rest_of_a_line_or_for_lines(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


def test_marks_titles_and_lines_of_blocks_are_read() -> None:
    text = 'x\n<!-- not run: dear -->\n```sh\na\n```\n```yaml title="b.yaml"\nb: 1\n```\n'
    first, second = blocks(text)
    assert (first.line, first.reason, first.body) == (3, "dear", "a\n")
    assert (second.title, second.reason, second.exit_code) == ("b.yaml", None, 0)
