"""The visit: a home's units led to the broker, set and tried, one step after the other.

    values.py    a visit as a value: its units, its steps, how each went
    steps.py     what is to be done at a unit, what comes next, what may follow what
    merging.py   two copies of one visit, made one

Pure. `elfe.app.visit` performs the steps, `elfe.app.visit_journal` writes down how far they went.
"""
