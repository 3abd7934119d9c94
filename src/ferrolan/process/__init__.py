"""Units of the plant as engines see them: which kinds there are, and what a unit of throughput uses and makes.

A mill takes solids and gives solids; a converter takes metal and solids and gives metal, slag and dust. The yields that
a plan uses are rows of the response table: declared in the document, replaced by the reconciled account where it sees.
"""
