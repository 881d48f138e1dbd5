"""Reading SQL text, one step a module: source, words, clause, tree, then conditions and select.

`concordat_query.text` is the way in.
"""
