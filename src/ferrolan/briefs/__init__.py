"""Documents for people: the same views laid out for paper and screen, one self-contained HTML file, a PDF on request.

The brief of March 2026 is one file of some 100 kB without script, outside request or font file.
"""
