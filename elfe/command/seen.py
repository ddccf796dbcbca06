"""What is known of devices from their own words, in the memory of one engine. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define

from elfe.devices.values import Presence

JUST_BACK = timedelta(seconds=30)
"""What a device says of its output so soon after its return is its power-up state, not a person's will."""


@define
class Seen:
    """What is known of one device."""

    presence: Presence | None = None
    spoke_at: datetime | None = None         # when it last said anything
    unheard_until: datetime | None = None    # when it was last heard after a silence in which a cycle may have begun
    gone_at: datetime | None = None          # when it was last said to be gone
    back_at: datetime | None = None          # when it last came back
    told_off_at: datetime | None = None      # when it last said that it is in the state that its fail-safe undoes
    switched_at: datetime | None = None      # when it last acknowledged another level than before
    powers: bool | None = None               # that level, as a supply
    output: bool | None = None               # the last state of its output, since we hear it
    last_output: bool | None = None          # the same, and before
    cut_itself: bool = False                 # it has said that it opened its output to protect itself, and is not on since
    watts: float | None = None               # the last power that it measured, since we hear it
    drew_at: datetime | None = None          # when it last measured a power that is no standby
    draws_since: datetime | None = None      # when that began, pauses included
    found_running: bool = False              # and it may have begun before, while nobody heard it
    battery_pct: float | None = None
    local: bool = False                      # taken over at the unit itself
    given_back_at: datetime | None = None    # when that ended
    odd_since: datetime | None = None        # since when what it measures is not like its appliance
    odd_told: bool = False
    owed_until: datetime | None = None       # it was cut for too long: until then it is supplied

    def speaks(self, silence: timedelta, now: datetime, listens_since: datetime | None) -> None:
        """It says something. After a longer silence than that, what was known of it is old; how long it was silent before its first
        word nobody knows, when it had not a word for us as soon as we listened."""
        late = listens_since is not None and now - listens_since > JUST_BACK
        if late if self.spoke_at is None else now - self.spoke_at > silence:
            self.unheard_until, self.watts, self.output = now, None, None
        self.spoke_at = now

    def just_back(self, now: datetime) -> bool:
        """Whether what it says of its output may be its power-up state."""
        return self.back_at is not None and now - self.back_at <= JUST_BACK

    def measures(self, watts: float, proof_w: float, pauses_within: timedelta, now: datetime, found: bool) -> None:
        """It measured a power; `found`: after a silence of ours."""
        self.watts = watts
        if watts >= proof_w:
            if not self.drew_within(pauses_within, now):
                self.draws_since, self.found_running = now, found
            self.drew_at = now

    def drew_within(self, time: timedelta, now: datetime) -> bool:
        """Whether it has measured more than standby not longer ago than that."""
        return self.drew_at is not None and now - self.drew_at <= time

    def pauses(self, since: datetime, pauses_within: timedelta, now: datetime) -> None:
        """What it measures was without its supply, or could not be heard, from then until now: no cycle goes on meanwhile."""
        if self.drew_at is not None and timedelta() < since - self.drew_at <= pauses_within:
            self.drew_at = min(now, self.drew_at + (now - since))

    def told_off_since(self, at: datetime) -> bool:
        """Whether it has said since then that it cuts."""
        return self.told_off_at is not None and self.told_off_at >= at

    def acknowledges(self, powers: bool, now: datetime) -> None:
        """It has said that it is at a level."""
        if powers != self.powers:
            self.switched_at = now
        self.powers = powers
        if not powers:
            self.told_off_at = now
