"""One file for each kind of unit operation; each declares its ``KIND``, which ``assembly/catalogue.py`` lists."""
