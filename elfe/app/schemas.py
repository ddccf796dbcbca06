"""The databases' schemas as PostgreSQL text: `python -m elfe.app.schemas` rewrites `sql/` from the tables.

The classes are the truth, the text is for those who have `psql` and nothing else; a test loads it and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from elfe import database, migrations
from elfe.coordination import queries
from elfe.ems import store as sortie

SQL = Path(__file__).parents[2] / "sql"
HEADER = """\
-- {title}
-- Rendered from the tables of elfe by `python -m elfe.app.schemas`: change those, not this.
-- createdb {name} && psql -v ON_ERROR_STOP=1 -d {name} -f {name}.sql

SET search_path TO public;

"""


def schemas() -> Mapping[str, str]:
    """File name → its whole text."""
    rows = "\n".join([*(_insert(table, codes) for table, codes in queries.reference_rows()),
                      _insert(*_version(queries.VERSIONED))])
    return {
        "bdd_coordination.sql": HEADER.format(
            title="The coordination database, blank: the contract's version 6 as reconstructed, ours in the schema elfe.",
            name="bdd_coordination") + database.render(queries.metadata) + "\n" + rows,
        "sortie_ems.sql": HEADER.format(
            title="The EMS output database, blank: the contract's four tables, and ours in the schema elfe.",
            name="sortie_ems") + database.render(sortie.metadata) + "\n" + _insert(*_version(sortie.VERSIONED)),
    }


def _version(base: migrations.Versioned) -> tuple[Table, list[Mapping[str, object]]]:
    return base.versions, [{"version_num": base.head}]


def _insert(table: Table, rows: Iterable[Mapping[str, object]]) -> str:
    lines = ",\n".join(f"    ({', '.join(_literal(value) for value in row.values())})" for row in rows)
    named = postgresql.dialect().identifier_preparer.format_table(table)  # type: ignore[no-untyped-call]
    return f"INSERT INTO {named} ({', '.join(column.name for column in table.columns)}) VALUES\n{lines};\n"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def write(folder: Path = SQL) -> None:
    """Rewrite the files."""
    folder.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
