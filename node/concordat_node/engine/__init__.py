"""The node's inner process: the only one that reads an edition or holds an exact figure.

settings.py     what a node tells its engine at the start
process.py      the node's side of the pipe: start, ask, restart
frames.py       how messages are laid on the pipe
__main__.py     the engine's side: confine first, then serve
confinement.py  what the operating system takes away from the process (seccomp.py: which system calls)
database.py     DuckDB, locked down over editions attached read-only
spill.py        the one folder that the engine may write to
holdings.py     catalogue, coverage and editions, as the engine itself reads them
release.py      the one function from what is asked and a receipt to noisy components
bounding.py     the SQL of a query's exact sums over bounded contributions
texts.py        which texts of a private key are released
profiling.py    the SQL of a profile's exact counts of units
sql.py          conditions as SQL over an edition's integers
"""
