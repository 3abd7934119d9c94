# The recipes people and CI share. `just` comes with the [dev] extra (rust-just).

# everything that must hold before a change lands, tests and documentation apart
check: format lint types floors

# layout of the code
format:
    ruff format --check .

# what a linter can see
lint:
    ruff check .

# types, strictly
types:
    mypy --strict src

# which room may import which
floors:
    lint-imports --no-cache

# tests; `just test -m slow` runs the slow ones
test *arguments:
    pytest {{arguments}}

# what the tests talk to: brokers, databases, servers written by others (Debian's packages, npm)
servers:
    .ci/servers

# broken input against every reader of files, for minutes; `just fuzz 10` runs ten times as long
fuzz times="1":
    FERROLAN_FUZZ={{times}} pytest tests/fuzz -m slow

# time and memory of every subject, ours and its peer in the same run
bench *arguments:
    python -m benchmarks {{arguments}}

# speed and memory of the reconciliation beside IPOPT (minutes), or only some rows: just speed year warm
speed *rows:
    python -m benchmarks.reconciliation_speed {{rows}}

# time against size of the reconciliation on a log plot, docs/pictures/reconciliation-growth.svg (minutes)
growth:
    python -m benchmarks.reconciliation_growth

# the documentation, with every warning an error
docs:
    NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

# the tutorial word for word, in a copy of the repository and an environment of its own (needs the package index)
tutorial:
    python tests/docs/walk.py --fresh

# the journey: raw data to a brief
run *arguments:
    ferrolan run {{arguments}}

# put the code into the agreed layout
tidy:
    ruff check --fix .
    ruff format .
