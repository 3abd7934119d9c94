"""The plant of the example *bayan_obo_complex*: both chains in full, by a table of shares instead of sections.

What a unit sends where stands in ``shares.csv``: the cleaner gives its concentrate 78 % of the rare earths it gets.
``table`` reads the files, ``sweep`` carries the plant through a month. Every number is synthetic.
"""
