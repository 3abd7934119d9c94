"""The commands by name, each loaded when it is called.

``ferrolan plan plant.yaml`` imports ``ferrolan.cli.journey`` and through it the engines; ``ferrolan --version`` imports
neither.
"""

from __future__ import annotations

from cyclopts import App, Group

from ferrolan import __version__

JOURNEY = Group("The journey", sort_key=1)
START = Group("To begin with", sort_key=2)
PROCESS = Group("The process", sort_key=3)
KEPT = Group("Kept runs", sort_key=4)
SIGNED = Group("Signed acts", sort_key=5)

app = App(
    name="ferrolan",
    help="From raw plant data to a brief, for a producer of steel, of rare earths, or of both from one ore.",
    version=__version__,
    version_format="plaintext",
    end_of_options_delimiter="--",
)

_COMMANDS = {
    JOURNEY: (
        ("run", "journey", "Take a plant from raw data to a brief."),
        ("ingest", "journey", "Take raw files into the historian: a document's, or a mapping's of a few lines."),
        ("collect", "collector", "Collect every live source of a document into its historian, until stopped."),
        ("reconcile", "accounts", "Close the balances of a month: its grade, what may be wrong, what moved most."),
        ("account", "accounts", "Keep the metallurgical account of a month, and write it for Excel or paper."),
        ("plan", "journey", "Plan the months ahead: what to make, what binds, what one more unit is worth."),
        ("market", "journey", "Clear the market of one year, in the base case and in every scenario."),
    ),
    START: (
        ("init", "beginning", "Write a document to start from, by kind of business."),
        ("check", "beginning", "Load a document and list every fault with file and line."),
        ("doctor", "beginning", "Say what this machine has, and what it lacks."),
        ("schema", "beginning", "Print the JSON Schema of a document, for editors."),
    ),
    PROCESS: (("simulate", "process", "Simulate the plant: what it makes, draws and releases, every element closed."),),
    KEPT: (
        ("brief", "kept", "Write the brief of a kept run again, as a page or as PDF."),
        ("export", "kept", "Export a table of a kept run as CSV, Parquet or JSON."),
        ("replay", "kept", "Make the account of a kept run again, and say whether it comes out the same."),
    ),
    SIGNED: (
        ("exclude", "acts", "Sign a meter out of a month's account, or back into it."),
        ("count", "acts", "Sign a physical count of a stock into a month's account."),
        ("lock", "acts", "Sign that the account of a month is final."),
        ("reopen", "acts", "Sign that a locked account may change."),
    ),
}
"""Commands by group: name, module of this room, and what it does in a line, for the list of all commands."""

for _group, _commands in _COMMANDS.items():
    for _name, _module, _help in _commands:
        app.command(f"ferrolan.cli.{_module}:{_name}", name=_name, group=_group, help=_help)
cascade = App(
    name="cascade",
    help="Trains of mixer-settlers: design one, simulate one that stands, start one up.",
    group=PROCESS,
)
for _name, _help in (
    ("design", "Design a train: stages, organic, scrub and reagents, simulated."),
    ("simulate", "Say what a train that stands makes of its feed."),
    ("start-up", "Follow the start-up of a train: circulation, part load, full load."),
):
    cascade.command(f"ferrolan.cli.trains:{_name.replace('-', '_')}", name=_name, help=_help)
app.command(cascade)
tags = App(
    name="tags",
    help="The tag map: check it against its sources, propose it from one, show where the tags hang.",
    group=START,
)
for _name, _function, _help in (
    ("check", "check", "Check the tag map: rows, units, periods; with --live against every source."),
    ("propose", "propose_tags", "Propose rows from what a source says it holds."),
    ("show", "show", "Show where the tags hang in the works."),
):
    tags.command(f"ferrolan.cli.tags:{_function}", name=_name, help=_help)
app.command(tags)
historian = App(
    name="historian",
    help="The historian: check it, seal its days, drop old ones, look into it, samples out to a file and in from one.",
    group=KEPT,
)
for _name, _function, _help in (
    ("check", "check", "Look for every damage of a historian."),
    ("seal", "seal", "Seal every whole day."),
    ("retire", "retire", "Drop old days for good."),
    ("tags", "tags", "List the registered tags."),
    ("show", "show", "Show the value of tags at an instant."),
    ("export", "export", "Write samples to a file."),
    ("import", "take", "Take the samples of an exported file."),
):
    historian.command(f"ferrolan.cli.historian:{_function}", name=_name, help=_help)
app.command(historian)
app.register_install_completion_command(help="Install completion of commands and options for your shell.")
