"""A report in words, in English or French. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from elfe.simulation.report import Problem, Report, Told

NOTHING_WH = 50.0
"""A difference that nobody would move a machine for."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "A day of {hours} hours, on {source}",
        "energy": "Energy moved: {moved} kWh. Import avoided: {avoided} kWh "
                  "({at_once} kWh if everything had started as soon as declared, {imported} kWh as it was{owed}).",
        "owed": ", and {owed} kWh that are still to be drawn",
        "cycles": "Declarations: {declared}. Cycles run: {done}. Deadlines kept: {kept} of {deadlines}{impossible}.",
        "impossible": " (impossible from the start: {count})",
        "tanks": "Coldest tank: {coldest} °C.",
        "orders": "Orders: {made} made, {sent} sent, {acknowledged} acknowledged by the device, {proved} proved by power, "
                  "{satisfied} satisfied (nothing was needed), {unmeasured} not measurable, {missed} missed.",
        "ran": "declared at {declared}{wanted}; ran from {ran_from} to {ran_to} {why}; {otherwise}",
        "cut": "declared at {declared}{wanted}; ran from {ran_from} and was not done at the end of the day",
        "idle": "declared at {declared}{wanted}; it has not run",
        "tank": "drew {energy} kWh, {local} of them from local surplus, never below {coldest} °C; {otherwise}",
        "wanted": ", wanted by {deadline}",
        "unkept": ", wanted by {deadline}, which was impossible",
        "by the forecast": "because {expected} kWh of surplus {were} for it ({local} of its {energy} kWh came from it)",
        "without surplus": "because no surplus was forecast for it before its deadline ({local} of its {energy} kWh came "
                           "from it)",
        "late": "at once, because it was late already",
        "without a plan": "because it could not wait any longer",
        "more": "started at once it would have imported {more} kWh more",
        "less": "started at once it would have imported {more} kWh less",
        "same": "started at once it would have imported as much",
        "tank more": "always on it would have imported {more} kWh more",
        "tank less": "always on it would have imported {more} kWh less",
        "tank same": "always on it would have imported as much",
        "well": "Everything went well.",
        "badly": "Something went wrong:",
        "colon": ":", "below two": "were forecast", "from two on": "were forecast",
        "problem late": "{who}: promised for {deadline}, ended at {ended}",
        "problem unfinished": "{who}: promised for {deadline}, {detail} minutes of its cycle have run",
        "problem order": "an order to {who} was missed ({detail})",
        "problem refused": "a declaration was refused: {who}",
        "problem cold": "{who} fell to {detail} °C",
    },
    "fr": {
        "title": "Une journée de {hours} heures, sur {source}",
        "energy": "Énergie déplacée : {moved} kWh. Import évité : {avoided} kWh "
                  "({at_once} kWh si tout avait démarré dès la déclaration, {imported} kWh en réalité{owed}).",
        "owed": ", et {owed} kWh qui restent à consommer",
        "cycles": "Déclarations : {declared}. Cycles faits : {done}. Heures tenues : {kept} sur {deadlines}{impossible}.",
        "impossible": " (impossibles dès le départ : {count})",
        "tanks": "Ballon le plus froid : {coldest} °C.",
        "orders": "Ordres : {made} décidés, {sent} envoyés, {acknowledged} confirmés par l'appareil, {proved} prouvés par la "
                  "puissance, {satisfied} satisfaits (rien à faire), {unmeasured} non mesurables, {missed} manqués.",
        "ran": "déclaré à {declared}{wanted} ; a tourné de {ran_from} à {ran_to} {why} ; {otherwise}",
        "cut": "déclaré à {declared}{wanted} ; a tourné depuis {ran_from} et n'avait pas fini à la fin de la journée",
        "idle": "déclaré à {declared}{wanted} ; n'a pas tourné",
        "tank": "a consommé {energy} kWh, dont {local} du surplus local, jamais sous {coldest} °C ; {otherwise}",
        "wanted": ", voulu pour {deadline}",
        "unkept": ", voulu pour {deadline}, ce qui était impossible",
        "by the forecast": "parce que {expected} kWh de surplus {were} pour lui (il en a reçu {local} sur {energy})",
        "without surplus": "parce qu'aucun surplus n'était prévu pour lui avant l'heure voulue (il en a reçu {local} kWh sur "
                           "{energy})",
        "late": "tout de suite, parce qu'il était déjà en retard",
        "without a plan": "parce qu'il ne pouvait plus attendre",
        "more": "lancé tout de suite, il aurait importé {more} kWh de plus",
        "less": "lancé tout de suite, il aurait importé {more} kWh de moins",
        "same": "lancé tout de suite, il aurait importé autant",
        "tank more": "toujours alimenté, il aurait importé {more} kWh de plus",
        "tank less": "toujours alimenté, il aurait importé {more} kWh de moins",
        "tank same": "toujours alimenté, il aurait importé autant",
        "well": "Tout s'est bien passé.",
        "colon": "\N{NO-BREAK SPACE}:", "below two": "était prévu", "from two on": "étaient prévus",
        "badly": "Quelque chose s'est mal passé :",
        "problem late": "{who} : promis pour {deadline}, fini à {ended}",
        "problem unfinished": "{who} : promis pour {deadline}, {detail} minutes de son cycle ont tourné",
        "problem order": "un ordre à {who} a été manqué ({detail})",
        "problem refused": "une déclaration a été refusée : {who}",
        "problem cold": "{who} est descendu à {detail} °C",
    },
}

SOURCES = {"fr": {"a made-up series": "une série inventée",
                  "measured profiles of homes and photovoltaics (SimBench, ODbL)":
                      "des profils mesurés de foyers et de photovoltaïque (SimBench, ODbL)"}}
"""The balance's source, in other languages than its own."""


def tell(report: Report, language: str, zone: tzinfo) -> str:
    """The whole report as text with rich's markup."""
    colon = WORDS[language]["colon"]
    told = [f"  {each.appliance.participant} {each.appliance.name}{colon} {sentence(each, language, zone)}."
            for each in report.told]
    marked = [line if each.well else f"[red]{line}[/]" for line, each in zip(told, report.told, strict=True)]
    title, *summary = figures(report, language)
    return "\n".join([f"[bold]{title}[/]", "", *marked, "", *summary, verdict(report, language, zone)])


def figures(report: Report, language: str) -> list[str]:
    """The title, and what is counted."""
    words = WORDS[language]
    orders = {name.replace("not measurable", "unmeasured"): count for name, count in report.orders.items()}
    energies = {"moved": report.moved_wh, "avoided": report.avoided_wh, "at_once": report.at_once_wh,
                "imported": report.imported_wh}
    owed = words["owed"].format(owed=_kwh(report.owed_wh, language)) if report.owed_wh >= NOTHING_WH else ""
    impossible = words["impossible"].format(count=report.impossible) if report.impossible else ""
    lines = [
        words["title"].format(hours=f"{report.hours:g}", source=SOURCES.get(language, {}).get(report.source, report.source)),
        words["energy"].format(**{key: _kwh(wh, language) for key, wh in energies.items()}, owed=owed),
        words["cycles"].format(declared=report.declared, done=report.done, kept=report.kept, deadlines=report.deadlines,
                               impossible=impossible),
    ]
    if report.coldest_c is not None:
        lines.append(words["tanks"].format(coldest=f"{report.coldest_c:.0f}"))
    return [*lines, words["orders"].format(**orders)]


def verdict(report: Report, language: str, zone: tzinfo) -> str:
    """Whether all went well, and what did not; with rich's markup."""
    words = WORDS[language]
    if report.well:
        return f"[green]{words['well']}[/]"
    return "\n".join([f"[red]{words['badly']}[/]", *(f"[red]  - {problem(each, language, zone)}[/]" for each in report.problems)])


def problem(what: Problem, language: str, zone: tzinfo) -> str:
    """One thing that went wrong."""
    return WORDS[language][f"problem {what.trouble}"].format(
        who=what.who, detail=what.detail, deadline=_clock(what.deadline, zone), ended=_clock(what.ended_at, zone))


def sentence(told: Told, language: str, zone: tzinfo) -> str:
    """Why one appliance ran when it did, from what it really drew."""
    words = WORDS[language]
    facts = {
        "declared": _clock(told.declared_at, zone), "deadline": _clock(told.deadline, zone),
        "ran_from": _clock(told.ran_from, zone), "ran_to": _clock(told.ran_to, zone),
        "energy": _kwh(told.energy_wh, language), "local": _kwh(told.local_wh, language),
        "expected": _kwh(told.expected_local_wh or 0.0, language), "more": _kwh(abs(told.more_wh), language),
        "coldest": f"{told.coldest_c or 0:.0f}",
    }
    facts["were"] = words["below two" if round((told.expected_local_wh or 0.0) / 1000, 1) < 2 else "from two on"]
    facts["wanted"] = words["wanted" if told.possible else "unkept"].format(**facts) if told.deadline else ""
    facts["why"] = words[_why(told)].format(**facts)
    facts["otherwise"] = words[_otherwise(told)].format(**facts)
    return words[_kind(told)].format(**facts)


def _kind(told: Told) -> str:
    if told.coldest_c is not None:
        return "tank"
    if told.ran_from is None:
        return "idle"
    return "ran" if told.ran_to else "cut"


def _why(told: Told) -> str:
    if not told.possible:
        return "late"
    if told.expected_local_wh is None:
        return "without a plan"
    return "by the forecast" if told.expected_local_wh >= NOTHING_WH else "without surplus"


def _otherwise(told: Told) -> str:
    kind = "same" if abs(told.more_wh) < NOTHING_WH else "more" if told.more_wh > 0 else "less"
    return kind if told.coldest_c is None else f"tank {kind}"


def _clock(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}" if at else "?"


def _kwh(wh: float, language: str) -> str:
    text = f"{wh / 1000:.1f}"
    return text.replace(".", ",") if language == "fr" else text
