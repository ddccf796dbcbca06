"""A report in words, in English or French. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from elfe.simulation.report import Report

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "A day of {hours:.0f} hours",
        "energy": "Energy moved: {moved:.1f} kWh. Import avoided: {avoided:.1f} kWh "
                  "({at_once:.1f} kWh if everything had started as soon as declared, {imported:.1f} kWh as it was).",
        "cycles": "Declared: {declared} appliances. Cycles run: {done}. Deadlines kept: {kept} of {deadlines}"
                  "{impossible}.",
        "impossible": ", {count} of which could not be kept",
        "tanks": "Coldest tank: {coldest:.0f} °C.",
        "orders": "Orders: {made} made, {sent} sent, {acknowledged} acknowledged by the device, {proved} proved by power, "
                  "{satisfied} satisfied (nothing was needed), {unmeasured} not measurable, {missed} missed.",
        "well": "[green]Everything went well.[/]",
        "badly": "[red]Something went wrong:[/]",
    },
    "fr": {
        "title": "Une journée de {hours:.0f} heures",
        "energy": "Énergie déplacée : {moved:.1f} kWh. Import évité : {avoided:.1f} kWh "
                  "({at_once:.1f} kWh si tout avait démarré dès la déclaration, {imported:.1f} kWh en réalité).",
        "cycles": "Appareils déclarés : {declared}. Cycles faits : {done}. Heures tenues : {kept} sur {deadlines}"
                  "{impossible}.",
        "impossible": ", dont {count} impossibles à tenir",
        "tanks": "Ballon le plus froid : {coldest:.0f} °C.",
        "orders": "Ordres : {made} décidés, {sent} envoyés, {acknowledged} confirmés par l'appareil, {proved} prouvés par la "
                  "puissance, {satisfied} satisfaits (rien à faire), {unmeasured} non mesurables, {missed} manqués.",
        "well": "[green]Tout s'est bien passé.[/]",
        "badly": "[red]Quelque chose s'est mal passé :[/]",
    },
}


def tell(report: Report, language: str) -> str:
    """The whole report as text with rich's markup."""
    words = WORDS[language]
    orders = {name.replace("not measurable", "unmeasured"): count for name, count in report.orders.items()}
    impossible = words["impossible"].format(count=report.impossible) if report.impossible else ""
    lines = [f"[bold]{words['title'].format(hours=report.hours)}[/]", ""]
    lines += [f"  {each.appliance.participant} {each.appliance.name}: {each.sentence}." for each in report.told]
    lines += ["", words["energy"].format(moved=report.moved_wh / 1000, avoided=report.avoided_wh / 1000,
                                         at_once=report.at_once_wh / 1000, imported=report.imported_wh / 1000)]
    lines.append(words["cycles"].format(declared=report.declared, done=report.done, kept=report.kept,
                                        deadlines=report.deadlines, impossible=impossible))
    if report.coldest_c is not None:
        lines.append(words["tanks"].format(coldest=report.coldest_c))
    lines.append(words["orders"].format(**orders))
    lines.append(words["well"] if report.well else "\n".join([words["badly"], *(f"  - {each}" for each in report.problems)]))
    return "\n".join(lines)
