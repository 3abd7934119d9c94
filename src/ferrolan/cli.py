"""The command line: it parses arguments, calls one verb and prints.

``ferrolan run`` takes the shipped plant from raw data to a brief; ``ferrolan check plant.yaml`` lists every fault of a
document. Heavy modules load inside the commands, so that ``ferrolan --version`` answers at once.

Exit codes: 0 ok; 1 a finding under ``--strict``; 2 usage, or a faulty document; 3 no answer; 4 the surroundings;
130 stopped by the user.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from ferrolan import __version__
from ferrolan.base.errors import FaultsError, FerrolanError
from ferrolan.base.language import _, ngettext, use

if TYPE_CHECKING:
    from ferrolan.verbs import RunResult

app = App(
    name="ferrolan",
    help="From raw plant data to a brief, for a producer of steel and rare earths from one ore.",
    version=__version__,
    version_format="plaintext",
)

OK, FINDING, SURROUNDINGS, INTERRUPTED = 0, 1, 4, 130


@app.command
def run(
    document: Path | None = None,
    *,
    out: Annotated[Path, Parameter(help="Folder of all runs.")] = Path("runs"),
    strict: Annotated[bool, Parameter(help="Exit 1 if the run has findings that need a person.")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], help="No progress display.")] = False,
    language: Annotated[str, Parameter(help="Language of the brief.")] = "en",
) -> int:
    """Take a plant from raw data to a brief: the shipped example if no document is given."""
    from ferrolan import verbs
    from ferrolan.views.summary import lines, needs_a_person

    use(language)
    with _Progress(len(verbs.STATIONS), shown=not quiet and sys.stderr.isatty()) as progress:
        result = verbs.run(document, out, announce=progress.station)
    for line in lines(result.tables, result.context):
        print(line)
    _print_where(result)
    return FINDING if strict and needs_a_person(result.tables) else OK


@app.command
def check(document: Path | None = None) -> int:
    """Load a document and list every fault with file and line."""
    from ferrolan import verbs

    enterprise = verbs.load(document)
    print(
        _("{title}: {units} units, {streams} streams, {tags} tags. No fault found.").format(
            title=enterprise.title,
            units=len(enterprise.units),
            streams=len(enterprise.streams),
            tags=len(enterprise.tags),
        )
    )
    return OK


@app.command
def exclude(
    tag: str,
    document: Path | None = None,
    *,
    who: Annotated[str, Parameter(help="Who signs.")],
    reason: Annotated[str, Parameter(help="Why.")],
    back: Annotated[bool, Parameter(help="Take the meter into the account again.")] = False,
    out: Annotated[Path, Parameter(help="Folder of all runs.")] = Path("runs"),
) -> int:
    """Sign a meter out of the account of the document's month; it counts from the next run on."""
    from ferrolan import verbs

    enterprise = verbs.load(document)
    entry = verbs.exclude(enterprise, tag, who=who, reason=reason, out=out, back=back)
    print(
        _("Act {number}: {what} {tag} in {plant}, {month}, signed by {who}. Hash {hash}").format(
            number=entry.number,
            what=entry.act.what,
            tag=tag,
            plant=enterprise.name,
            month=enterprise.account.month,
            who=who,
            hash=entry.hash,
        )
    )
    return OK


def main() -> None:
    """Entry point: run a command, turn a Ferrolan error into its message and exit code."""
    try:
        code = app(result_action="return_value")
        sys.stdout.flush()
    except FerrolanError as error:
        _print_error(error)
        code = error.exit_code
    except KeyboardInterrupt:
        print(_("Stopped; nothing of this run is kept."), file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `ferrolan run | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = OK
    except OSError as error:
        print(_("{error}. Check the path, its rights and the disk.").format(error=error), file=sys.stderr)
        code = SURROUNDINGS
    sys.exit(code if isinstance(code, int) else OK)


def _print_where(result: RunResult) -> None:
    seconds = sum(result.seconds.values())
    print()
    print(_("Run {run} took {seconds:.1f} s.").format(run=result.run.run_id, seconds=seconds))
    print(_("Brief:  {path}").format(path=result.brief))
    print(_("Tables: {path}").format(path=result.run.folder / "tables"))
    print(_("Record: {path}").format(path=result.run.folder / "run.json"))


def _print_error(error: FerrolanError) -> None:
    if isinstance(error, FaultsError):
        count = len(error.faults)
        print(ngettext("{count} fault:", "{count} faults:", count).format(count=count), file=sys.stderr)
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return
    print(f"{type(error).__name__}: {error}", file=sys.stderr)


class _Progress:
    """One line on a terminal's standard error that says which station is at work."""

    def __init__(self, stations: int, *, shown: bool) -> None:
        self._stations = stations
        self._done = 0
        self._shown = shown

    def __enter__(self) -> _Progress:
        if self._shown:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._bar = Progress(
                TextColumn("{task.description:<14}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=self._stations)
        return self

    def station(self, name: str) -> None:
        """Show the station that begins."""
        if self._shown:
            self._bar.update(self._task, description=_(name), completed=self._done)
        self._done += 1

    def __exit__(self, *_exception: object) -> None:
        if self._shown:
            self._bar.stop()


if __name__ == "__main__":
    main()
