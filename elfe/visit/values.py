"""A visit as a value: which units of a home, what is to be done at each, how it went. No secret is ever in here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from elfe.devices.values import Device


class Step(StrEnum):
    """What is done at a device."""

    LEAD = "lead"              # it is given its account and the broker's address
    SEEN = "seen"              # it speaks on the broker
    SET = "set"                # its settings are pushed and read back, fail-safe included
    FIRMWARE = "firmware"      # it says what it runs
    ON = "on"                  # its appliance gets its supply, by the device's own word
    MEASURED = "measured"      # it measures what the appliance draws
    OFF = "off"
    SERVED = "served"          # it is left as its home is served
    PRESSED = "pressed"


class How(StrEnum):
    """How far a step is."""

    TODO = "todo"
    BEGUN = "begun"            # nobody knows yet what came of it: the power may have been cut here
    DONE = "done"
    OPEN = "open"              # tried in vain, or it could not be tried: the proof is still owed
    SKIPPED = "skipped"        # a person said no, or it has nothing to prove


class Stage(StrEnum):
    """How far a visit is."""

    OPENED = "opened"          # written down; nothing is changed yet
    WALKING = "walking"        # appliances are in mode 10, accounts exist
    ENDED = "ended"            # final: every proof is there
    UNDOING = "undoing"        # given up: what it changed is being taken back
    UNDONE = "undone"


@frozen
class Tick:
    """How a step went; `says` in French, for the installer and the report."""

    how: How = How.TODO
    at: datetime | None = None
    says: str = ""


@frozen
class Spot:
    """A device of the visit as it was when the visit was opened: enough to go on while the database is out of reach."""

    point: str                         # D003
    account: str                       # of its unit on the broker
    type_id: int
    usage: int
    appliance_id: int
    appliance: str                     # its name, Lave-linge
    product: str                       # in French
    hardware_id: str = ""
    templates: Mapping[str, str] = field(factory=dict)
    channel: int = 0
    serves_when: bool = True
    reply_to: str = ""
    ticks: Mapping[Step, Tick] = field(factory=dict)
    """In the order in which they are done."""
    firmware: str = ""

    @property
    def device(self) -> Device:
        """As its driver knows it."""
        return Device(self.point, self.type_id, self.hardware_id, self.templates, self.channel, self.reply_to, self.serves_when)

    def is_done(self, step: Step) -> bool:
        """Whether the step is behind us."""
        return step in self.ticks and self.ticks[step].how is How.DONE


@frozen
class Visit:
    """One visit of one home."""

    home: str                          # R004
    who: str                           # the installer
    opened_at: datetime
    spots: tuple[Spot, ...]
    stage: Stage = Stage.OPENED
    modes: Mapping[int, int] = field(factory=dict)
    """The mode of each appliance before: appliance → mode. Those that are not in it keep theirs."""
    vouched: tuple[str, ...] = ()
    """The accounts whose secret nobody had before this visit: revoked when it is undone."""
    created: tuple[int, ...] = ()
    """The appliances that were installed for this visit: removed when it is undone."""
    revision: int = 0                  # counts what happened
    ended_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do, nor to take back."""
        return self.stage in {Stage.ENDED, Stage.UNDONE}

    def spot(self, point: str) -> Spot:
        """The device at a point."""
        return next(each for each in self.spots if each.point == point)
