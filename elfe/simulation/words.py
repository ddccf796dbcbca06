"""A report in words, in English or French. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from elfe.simulation.report import Report, Told

NOTHING_WH = 50.0
"""A difference that nobody would move a machine for."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "A day of {hours:.0f} hours",
        "energy": "Energy moved: {moved} kWh. Import avoided: {avoided} kWh "
                  "({at_once} kWh if everything had started as soon as declared, {imported} kWh as it was).",
        "cycles": "Declared: {declared} appliances. Cycles run: {done}. Deadlines kept: {kept} of {deadlines}"
                  "{impossible}.",
        "impossible": ", {count} of which could not be kept",
        "tanks": "Coldest tank: {coldest:.0f} °C.",
        "orders": "Orders: {made} made, {sent} sent, {acknowledged} acknowledged by the device, {proved} proved by power, "
                  "{satisfied} satisfied (nothing was needed), {unmeasured} not measurable, {missed} missed.",
        "ran": "declared at {declared}{wanted}; ran from {ran_from} to {ran_to}: {local} of its {energy} kWh came from local "
               "surplus, {otherwise}",
        "wanted": ", wanted by {deadline}",
        "unkept": ", wanted by {deadline}, which could not be kept",
        "more": "started at once it would have imported {more} kWh more",
        "less": "started at once it would have imported {more} kWh less",
        "same": "started at once it would have been the same",
        "idle": "declared at {declared}{wanted}; it has not run",
        "tank": "drew {energy} kWh, {local} of them from local surplus, never below {coldest} °C; always on, it would have "
                "imported {more} kWh more",
        "well": "[green]Everything went well.[/]",
        "badly": "[red]Something went wrong:[/]",
    },
    "fr": {
        "title": "Une journée de {hours:.0f} heures",
        "energy": "Énergie déplacée : {moved} kWh. Import évité : {avoided} kWh "
                  "({at_once} kWh si tout avait démarré dès la déclaration, {imported} kWh en réalité).",
        "cycles": "Appareils déclarés : {declared}. Cycles faits : {done}. Heures tenues : {kept} sur {deadlines}"
                  "{impossible}.",
        "impossible": ", dont {count} impossibles à tenir",
        "tanks": "Ballon le plus froid : {coldest:.0f} °C.",
        "orders": "Ordres : {made} décidés, {sent} envoyés, {acknowledged} confirmés par l'appareil, {proved} prouvés par la "
                  "puissance, {satisfied} satisfaits (rien à faire), {unmeasured} non mesurables, {missed} manqués.",
        "ran": "déclaré à {declared}{wanted} ; a tourné de {ran_from} à {ran_to} : {local} de ses {energy} kWh venaient du "
               "surplus local, {otherwise}",
        "wanted": ", voulu pour {deadline}",
        "unkept": ", voulu pour {deadline}, ce qui ne pouvait être tenu",
        "more": "lancé tout de suite, il aurait importé {more} kWh de plus",
        "less": "lancé tout de suite, il aurait importé {more} kWh de moins",
        "same": "lancé tout de suite, c'eût été pareil",
        "idle": "déclaré à {declared}{wanted} ; n'a pas tourné",
        "tank": "a consommé {energy} kWh, dont {local} du surplus local, jamais sous {coldest} °C ; toujours alimenté, il "
                "aurait importé {more} kWh de plus",
        "well": "[green]Tout s'est bien passé.[/]",
        "badly": "[red]Quelque chose s'est mal passé :[/]",
    },
}


def tell(report: Report, language: str, zone: tzinfo) -> str:
    """The whole report as text with rich's markup."""
    words = WORDS[language]
    orders = {name.replace("not measurable", "unmeasured"): count for name, count in report.orders.items()}
    impossible = words["impossible"].format(count=report.impossible) if report.impossible else ""
    lines = [f"[bold]{words['title'].format(hours=report.hours)}[/]", ""]
    lines += [f"  {each.appliance.participant} {each.appliance.name}: {sentence(each, language, zone)}." for each in report.told]
    energies = {"moved": report.moved_wh, "avoided": report.avoided_wh, "at_once": report.at_once_wh,
                "imported": report.imported_wh}
    lines += ["", words["energy"].format(**{name: _kwh(wh, language) for name, wh in energies.items()})]
    lines.append(words["cycles"].format(declared=report.declared, done=report.done, kept=report.kept,
                                        deadlines=report.deadlines, impossible=impossible))
    if report.coldest_c is not None:
        lines.append(words["tanks"].format(coldest=report.coldest_c))
    lines.append(words["orders"].format(**orders))
    lines.append(words["well"] if report.well else "\n".join([words["badly"], *(f"  - {each}" for each in report.problems)]))
    return "\n".join(lines)


def sentence(told: Told, language: str, zone: tzinfo) -> str:
    """Why one appliance ran when it did, from what it really drew."""
    words = WORDS[language]

    def clock(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%H:%M}" if at else "?"

    facts = {"declared": clock(told.declared_at), "deadline": clock(told.deadline), "ran_from": clock(told.ran_from),
             "ran_to": clock(told.ran_to), "energy": _kwh(told.energy_wh, language), "local": _kwh(told.local_wh, language),
             "more": _kwh(abs(told.more_wh), language), "coldest": f"{told.coldest_c or 0:.0f}"}
    facts["wanted"] = words["wanted" if told.possible else "unkept"].format(**facts) if told.deadline else ""
    facts["otherwise"] = words[_otherwise(told)].format(**facts)
    return words["tank" if told.coldest_c is not None else "ran" if told.ran_from else "idle"].format(**facts)


def _kwh(wh: float, language: str) -> str:
    return f"{wh / 1000:.1f}".replace(".", "," if language == "fr" else ".")


def _otherwise(told: Told) -> str:
    if abs(told.more_wh) < NOTHING_WH:
        return "same"
    return "more" if told.more_wh > 0 else "less"
