"""The life of a visit: a home opened, the visit ended or taken back as a whole, what is still owed. For the CLI and for portals.

    visit = begin(here, "R004", "Anne", clock.now())          # a new one, or the one that was interrupted
    visit = Walk(here, visit, person, clock.now).walk()       # visit_walk.py: resumable at every step
    visit = undo(here, visit, clock.now())                    # or all of it taken back

What each function does may be done again: whoever is interrupted, by the power even, begins anew where the journal stands. During a
visit its appliances are in mode 10 (installation), which nobody switches; their rows and accounts are final when it ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError

from elfe.app import after_visit, brokering, visit_journal
from elfe.app.after_visit import follow_accounts, visits_folder
from elfe.app.context import Context
from elfe.app.visit_journal import Journal
from elfe.broker import rights
from elfe.broker.rights import Placed
from elfe.coordination import leaving, queries, states
from elfe.coordination.configuring import over_mqtt
from elfe.coordination.inventory import NEEDS
from elfe.coordination.lifecycle import Place
from elfe.coordination.noticing import State, drift
from elfe.coordination.values import Mode
from elfe.devices.values import Capability, Quantity
from elfe.errors import SchemaError, VisitError
from elfe.visit.steps import goes, happens, owed, runs, steps_of
from elfe.visit.values import How, Spot, Stage, Step, Tick, Visit

AWAY = (SchemaError, DBAPIError)
"""What the coordination database raises while it is out of reach."""
DRAWN = frozenset({Quantity.POWER.value, Quantity.APPARENT_POWER.value})
TELLS_WITHIN = timedelta(minutes=10)
"""A device that speaks and has not told its version by then does not tell it."""
MUTE = "ne dit pas sa version"
SWITCHED = (Mode.INSTALLING, Mode.MANUAL, Mode.PILOTED)
"""The modes in which an appliance is switched; in the others it is looked at only."""


def journal(here: Context) -> Journal:
    """The visits that are led from this machine."""
    return Journal(visits_folder(here))


# -- begun, or taken up ------------------------------------------------------------------------------------------------------


def begin(here: Context, home: str, who: str, now: datetime, points: Collection[str] = ()) -> Visit:
    """The visit of a home: the one that was interrupted, over if only its last word was, or a new one.

    `points`: of a new one, only these devices. Raises `VisitError` when nothing can be visited now; nothing has changed then.
    """
    is_written = journal(here).read(home) is not None
    standing = _standing(here, home) if is_written else find(here, home)
    if standing is not None and standing.stage is Stage.UNDOING:
        raise VisitError(f"l'annulation de la visite de {home} a été interrompue : `elfe visits undo {home}` la termine")
    if standing is not None:
        return standing if standing.is_over else enter(here, standing, now)
    try:
        visit = _opened(here, home, who, now.replace(microsecond=0), points)
    except AWAY as error:
        raise VisitError(f"la base du centre ne répond pas et la visite de {home} n'est pas préparée : quand elle répond, "
                         f"`elfe devices provision --home {home} --walk --prepare`") from error
    journal(here).write(visit)
    return enter(here, visit, now)


def find(here: Context, home: str) -> Visit | None:
    """The visit of a home that is not over."""
    visit = _standing(here, home)
    return None if visit is None or visit.is_over else visit


def _standing(here: Context, home: str) -> Visit | None:
    """The last visit of a home, of what is written here and at the centre; both know of it then.

    Once it is over nothing stays written here.
    """
    mine = journal(here).read(home)
    try:
        theirs = next(iter(visit_journal.kept(here.coordination, home)[-1:]), None)
    except AWAY:
        theirs = None
    visit = visit_journal.both(mine, theirs)
    if mine is not None and visit is not None and (visit == theirs or _kept(here, visit)) and visit.is_over:
        journal(here).drop(home)
    return visit


def _opened(here: Context, home: str, who: str, now: datetime, points: Collection[str]) -> Visit:
    every = [each for each in after_visit.places(here) if each.row.participant == home]
    chosen = [each for each in every if not points or each.point in points]
    _refuse_what_cannot_be_visited(here, home, every, chosen, points)
    accounts = rights.account_names(_placed(every))
    known = states.states(here.coordination)
    heard = {accounts[each.point] for each in every if each.point in accounts
             and each.point in known and known[each.point].heard_at}
    mine = {accounts[each.point] for each in chosen}
    first: set[str] = set()
    spots = [_spot(here, each, accounts[each.point], first) for each in sorted(chosen, key=lambda one: (accounts[one.point],
                                                                                                        one.point))]
    secrets = brokering.secrets_of(here)
    expected = journal(here).expected(home)
    return Visit(
        home, who, now, tuple(spots),
        modes={each.appliance.id: each.appliance.mode for each in chosen if each.appliance.mode in SWITCHED},
        vouched=tuple(sorted(name for name in mine if name not in heard or secrets.get(name) is None)),
        created=tuple(sorted({each.appliance.id for each in every if each.appliance.name in expected})))


def _refuse_what_cannot_be_visited(here: Context, home: str, every: list[Place], chosen: list[Place],
                                   points: Collection[str]) -> None:
    missing = sorted(set(points) - {each.point for each in every})
    if missing or not chosen:
        raise VisitError(f"aucun équipement au point {', '.join(missing)} chez {home}" if missing else
                         f"aucun équipement chez {home} : `elfe devices provision inventaire.ods --home {home} --walk`")
    mute = [each.point for each in chosen if each.driver is None or each.device is None]
    if mute:
        raise VisitError(f"{', '.join(mute)} : aucun plugin ne sait leur parler ; `elfe devices list` dit pourquoi")
    waiting = {each.appliance_id for each in queries.open_flexibilities(here.coordination)}
    declared = sorted({each.appliance.name for each in chosen
                       if each.appliance.id in waiting and not each.appliance.continuous})
    if declared:
        raise VisitError(f"« {' », « '.join(declared)} » : un cycle est déclaré ; attendez qu'il finisse, ou visitez les autres "
                         "avec --point")


def _placed(every: Iterable[Place]) -> Iterator[Placed]:
    return (Placed(each.device, each.driver, each.row.participant) for each in every if each.device and each.driver)


def _spot(here: Context, place: Place, account: str, first: set[str]) -> Spot:
    """A device and its steps; `first`: the accounts of which the first device is known already."""
    assert place.driver is not None
    assert place.device is not None
    device, type_ = place.device, place.driver.type
    push = after_visit.configuration(here, place)
    steps = steps_of(
        NEEDS.get(place.row.usage, frozenset()) & type_.capabilities, leads=account not in first,
        sets=push is not None and bool(push.steps), sets_on_site=push is not None and not over_mqtt(push.steps),
        tells_firmware=place.driver.firmware is not None, switches=place.appliance.mode in SWITCHED)
    first.add(account)
    return Spot(
        place.point, account, device.type_id, place.row.usage, place.appliance.id, place.appliance.name, place.product,
        device.hardware_id, dict(device.templates), device.channel, device.serves_when, device.reply_to,
        {step: Tick() for step in steps})


def enter(here: Context, visit: Visit, now: datetime) -> Visit:
    """The appliances in mode 10, the accounts made. While the centre is out of reach a visit that was entered goes on as it is."""
    try:
        with here.coordination.begin() as connection:
            for id, before in visit.modes.items():
                if not queries.write_appliance(connection, id, only_if_modes={before, Mode.INSTALLING}, mode=Mode.INSTALLING):
                    raise VisitError(f"« {_name(visit, id)} » a changé de mode, ou est figé (état 60) : `elfe visits undo "
                                     f"{visit.home}`, puis recommencez")
    except AWAY as error:
        if visit.stage is Stage.WALKING:
            return visit
        raise VisitError("la base du centre ne répond pas : préparez la visite quand elle répond") from error
    follow_accounts(here)
    for name in {each.account for each in visit.spots}:
        brokering.secrets_of(here).ensure(name)
    entered = goes(visit, Stage.WALKING, now) if visit.stage is Stage.OPENED else visit
    journal(here).write(entered)
    _kept(here, entered)
    return entered


def _name(visit: Visit, appliance_id: int) -> str:
    return next((each.appliance for each in visit.spots if each.appliance_id == appliance_id), f"n° {appliance_id}")


def _kept(here: Context, visit: Visit) -> bool:
    """Bring the centre's copy to it; False while the centre is out of reach."""
    with suppress(*AWAY):
        visit_journal.keep(here.coordination, visit)
        return True
    return False


# -- ended -------------------------------------------------------------------------------------------------------------------


def write_down(here: Context, visit: Visit) -> None:
    """What has just happened, here first, then at the centre."""
    journal(here).write(visit)
    _kept(here, visit)


def finish(here: Context, visit: Visit, now: datetime) -> Visit:
    """End a visit that owes nothing: modes final, the centre told. It stays as it is while it owes, or the centre is away."""
    if owed(visit):
        return visit
    try:
        _leave_mode_10(here, visit)
        ended = goes(visit, Stage.ENDED, now)
        visit_journal.keep(here.coordination, ended)
    except AWAY:
        return visit
    journal(here).drop(visit.home)
    return ended


def _leave_mode_10(here: Context, visit: Visit) -> None:
    """Manual from now on; a load that was piloted before its visit is again."""
    with here.coordination.begin() as connection:
        for id, before in visit.modes.items():
            after = Mode.PILOTED if before == Mode.PILOTED else Mode.MANUAL
            queries.write_appliance(connection, id, only_if_modes=(Mode.INSTALLING,), mode=after)


# -- taken back --------------------------------------------------------------------------------------------------------------


def undo(here: Context, visit: Visit, now: datetime) -> Visit:
    """Take a visit back: modes as they were, what was installed for it removed, the secrets that it gave away worth nothing.

    Raises `VisitError` while the database or the broker is out of reach: it is taken up by the same call.
    """
    undoing = visit if visit.stage is Stage.UNDOING else goes(visit, Stage.UNDOING, now)
    journal(here).write(undoing)
    try:
        _restore_modes(here, undoing)
        leaving.take_away(here.coordination, undoing.created, now, "visite annulée")
        visit_journal.keep(here.coordination, undoing)
    except AWAY as error:
        raise VisitError(f"la base du centre ne répond pas : `elfe visits undo {visit.home}` reprendra l'annulation") from error
    still_open = follow_accounts(here, undoing.vouched)[1]
    if still_open:
        raise VisitError(f"{still_open} ; `elfe visits undo {visit.home}` reprendra l'annulation")
    _forget_secrets(here, undoing)
    undone = goes(undoing, Stage.UNDONE, now)
    visit_journal.keep(here.coordination, undone)
    journal(here).drop(visit.home)
    return undone


def _restore_modes(here: Context, visit: Visit) -> None:
    with here.coordination.begin() as connection:
        for id, before in visit.modes.items():
            queries.write_appliance(connection, id, only_if_modes=(Mode.INSTALLING,), mode=Mode(before))


def _forget_secrets(here: Context, visit: Visit) -> None:
    """Of units that are nobody's any more; those that stay have just got a new secret."""
    wanted = {each.username for each in brokering.wanted(here).accounts}
    for name in set(visit.vouched) - wanted:
        brokering.secrets_of(here).forget(name)


# -- closed by whoever listens -------------------------------------------------------------------------------------------------


def open_visits(here: Context) -> list[Visit]:
    """The visits that are not over, of this machine and of the centre, by home."""
    homes = set(journal(here).homes())
    with suppress(*AWAY):
        homes |= {each.home for each in visit_journal.kept(here.coordination, only_open=True)}
    return [visit for home in sorted(homes) if (visit := find(here, home)) is not None]


def settle(here: Context, now: datetime) -> list[Visit]:
    """Close what the centre has heard of since: the recorder calls it each time it looks. Returns the visits that it ended.

    Where the installer is out of its reach the centre may hear of a device before it hears of the visit's steps.
    """
    ended = []
    for visit in visit_journal.kept(here.coordination, only_open=True):
        if visit.stage is not Stage.WALKING:
            continue
        settled = _settled(here, visit, now)
        if settled is not visit:
            visit_journal.keep(here.coordination, settled)
        over = finish(here, settled, now)
        if over.is_over:
            ended.append(over)
    return ended


def _settled(here: Context, visit: Visit, now: datetime) -> Visit:
    """The visit with what was heard of its devices since."""
    known = states.states(here.coordination)
    for spot, step, tick in owed(visit):
        since = tick.at or visit.opened_at
        proof = None if tick.how is How.BEGUN else _proof(here, spot, step, since, known.get(spot.point), now)
        if proof is not None:
            visit = happens(visit, spot.point, step, proof)
    for spot in visit.spots:
        runs_now = known[spot.point].firmware if spot.point in known else ""
        if runs_now not in ("", spot.firmware):
            visit = runs(visit, spot.point, runs_now)
    return visit


def _proof(here: Context, spot: Spot, step: Step, since: datetime, state: State | None, now: datetime) -> Tick | None:
    """What the recorder and the engine have noted since then; None: nothing that proves it.

    That it can be switched is for a person to prove: nobody is there to say yes.
    """
    match step:
        case Step.SEEN if state and state.heard_at and state.heard_at > since:
            return Tick(How.DONE, state.heard_at, "vu par le centre")
        case Step.FIRMWARE if state and state.heard_at and state.heard_at > since:
            told = Tick(How.DONE, state.heard_at, state.firmware)
            return told if state.firmware else Tick(How.SKIPPED, now, MUTE) if now - since > TELLS_WITHIN else None
        case Step.MEASURED:
            return _measured(here, spot, since, now)
        case Step.SET:
            push = here.configuration_of(here.drivers[spot.type_id], spot.device)
            read = states.settings(here.coordination, since).get(spot.point, {})
            if push and all(each.name in read for each in push.expects) and drift(push.expects, read) == []:
                return Tick(How.DONE, now, "relu par le centre")
    return None


def _measured(here: Context, spot: Spot, since: datetime, now: datetime) -> Tick | None:
    """The last word of a meter, where something drew; any word of what is in a room."""
    of_a_room = Capability.METER not in NEEDS.get(spot.usage, frozenset())
    for series, _, unit in here.history.of_point(spot.point):
        last = here.history.last(series, now) if of_a_room or unit in DRAWN else None
        if last and last.at > since and (of_a_room or last.value >= here.settings.command.proof_w):
            return Tick(How.DONE, last.at, f"{last.value:.0f} {unit}, lus par le centre")
    return None
