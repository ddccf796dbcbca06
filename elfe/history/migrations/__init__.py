"""The revisions of this room's tables of ours; see `elfe/migrations.py`."""
