"""The screens in homes: what their pages show, and what a finger on them means.

    layout.py    which items stand on which page, as configuration
    words.py     what is told of an appliance, in French
    drawing.py   a home as the items of its screen
    touches.py   what a person wants who touched them
    service.py   the daemon: it hears screens, acts, and draws what is true
"""
