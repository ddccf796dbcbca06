"""What the engine goes by, beside what it is told: patience, thresholds, limits. `[command]` of elfe.toml sets some."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen


@frozen
class Rules:
    """The engine's settings."""

    proof_w: float = 10.0                                    # from here on an appliance is drawing; standby is less
    hold_for: timedelta = timedelta(hours=2)                 # how long a load that somebody switched by hand is left alone
    stale_after: timedelta = timedelta(minutes=30)           # a plan older than that keeps no deadline any more: the engine does
    dead_after: timedelta = timedelta(hours=2)               # after that everything gets its normal service back
    pauses_within: timedelta = timedelta(minutes=20)         # a cycle that soaks draws nothing for so long and is not over
    arms_within: timedelta = timedelta(minutes=10)           # a machine is started by its person, declared, and cut to wait
    proves_within: timedelta = timedelta(minutes=5)          # a machine that was pressed draws by then, or did not start
    least_level: timedelta = timedelta(minutes=10)           # a level that the plan asked for stands at least so long
    longest_run: timedelta = timedelta(hours=5)              # of a cycle that we started
    too_late: timedelta = timedelta(hours=2)                 # a machine that has missed its end by so much is not pressed any more
    longest_without: timedelta = timedelta(hours=24)         # no tank stays cut for longer, whatever is planned
    then_for: timedelta = timedelta(hours=3)                 # and is then supplied for so long
    spread: timedelta = timedelta()                          # loads of one slot are switched over so long, not at once
    most_kw_a_minute: float = 0.0                            # at most so much is switched on a minute; 0: no limit
    flat_pct: float = 10.0                                   # a finger with less battery is not asked to press
