"""What the prices of a run prove, from its written model alone: nothing of elfe is in it, only HiGHS.

    elfe ems run --model run.lp --json > plan.json
    python benchmarks/proved.py run.lp plan.json [seconds a load]

The rows `import0_t` of the model hold all loads together; what else does, the limits of homes and of the feeder and the peak, is
left out, and no bound is too high without it:

    m_t ≥ Σ x_t − b_t        import = Σ_t m_t ≥ Σ_t λ_t m_t        for any prices λ_t between 0 and 1

so Σ_i min Σ_t λ_t x_it − Σ_t λ_t b_t, each load for itself, is less than what any plan imports. Each is a small programme.
Exits with 1 where the prices prove less than the plan says that they do, or the plan imports less than is possible.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import highspy

QUARTER_H = 0.25
NEARLY = 1e-6
"""Relatively, and Wh: rounding."""
A_LOAD_S = 20.0
"""A load that takes longer is bounded by what was proved until then, and named: a room may."""
ALL_LOADS = re.compile(r"(import\d+|peak|home\d+)_\d+")
IMPORT = re.compile(r"import0_(\d+)")


def proved_wh(file: Path, prices: Sequence[float], seconds: float = A_LOAD_S, unfinished: list[str] | None = None) -> float:
    """What no plan of a model imports less than, Wh; the loads that took too long are added to `unfinished`."""
    if len(prices) != 96 or not all(0 <= each <= 1 for each in prices):
        raise ValueError("96 prices between 0 and 1 are needed")
    model = _read(file)
    rows = _rows(model)
    cost, total = [0.0] * model.num_col_, 0.0
    for r, name in enumerate(model.row_names_):
        if found := IMPORT.fullmatch(name):
            slot = int(found[1])
            total += prices[slot] * model.row_lower_[r]
            for c, value in rows[r]:
                if model.col_names_[c] != f"m0_{slot}":
                    cost[c] -= prices[slot] * value
                elif value != 1 or model.col_lower_[c] != 0:
                    raise ValueError(f"{name} is not what is imported")
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("time_limit", seconds)):
        solver.setOptionValue(option, value)
    for columns, own in _loads(model, rows):
        total += _least(solver, model, rows, cost, columns, own)
        if solver.getModelStatus() == highspy.HighsModelStatus.kTimeLimit and unfinished is not None:
            unfinished.append(model.col_names_[columns[0]])
    return QUARTER_H * total


def _read(file: Path) -> Any:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    if solver.readModel(str(file)) == highspy.HighsStatus.kError:
        raise ValueError(f"{file} is no model that HiGHS reads")
    return solver.getLp()


def _rows(model: Any) -> list[list[tuple[int, float]]]:
    """Of each row its columns with their factors."""
    rows: list[list[tuple[int, float]]] = [[] for _ in range(model.num_row_)]
    matrix, by_row = model.a_matrix_, model.a_matrix_.format_ == highspy.MatrixFormat.kRowwise
    start, index, value = list(matrix.start_), list(matrix.index_), list(matrix.value_)
    for outer in range(len(start) - 1):
        for k in range(start[outer], start[outer + 1]):
            r, c = (outer, index[k]) if by_row else (index[k], outer)
            rows[r].append((c, value[k]))
    return rows


def _loads(model: Any, rows: Sequence[Sequence[tuple[int, float]]]) -> Iterator[tuple[list[int], list[int]]]:
    """The columns and rows of what has nothing to do with the rest, once all that holds the loads together is left out."""
    above = list(range(model.num_col_))

    def first(c: int) -> int:
        while above[c] != c:
            above[c] = above[above[c]]
            c = above[c]
        return c

    own = [r for r, name in enumerate(model.row_names_) if rows[r] and not ALL_LOADS.fullmatch(name)]
    for r in own:
        for c, _ in rows[r]:
            above[first(c)] = first(rows[r][0][0])
    columns, kept = defaultdict(list), defaultdict(list)
    for c in range(model.num_col_):
        columns[first(c)].append(c)
    for r in own:
        kept[first(rows[r][0][0])].append(r)
    yield from ((members, kept[head]) for head, members in columns.items())


def _least(solver: Any, model: Any, rows: Sequence[Sequence[tuple[int, float]]], cost: Sequence[float], columns: list[int],
           own: list[int]) -> float:
    """What a load pays at least."""
    if not any(cost[c] for c in columns):
        return 0.0
    place, part = {c: n for n, c in enumerate(columns)}, highspy.HighsLp()
    part.num_col_, part.num_row_ = len(columns), len(own)
    part.col_cost_ = [cost[c] for c in columns]
    part.col_lower_, part.col_upper_ = ([bounds[c] for c in columns] for bounds in (model.col_lower_, model.col_upper_))
    part.row_lower_, part.row_upper_ = ([bounds[r] for r in own] for bounds in (model.row_lower_, model.row_upper_))
    whole = [model.integrality_[c] for c in columns] if len(model.integrality_) else []
    part.integrality_ = whole
    part.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    start = [0]
    for r in own:
        start.append(start[-1] + len(rows[r]))
    part.a_matrix_.start_ = start
    part.a_matrix_.index_ = [place[c] for r in own for c, _ in rows[r]]
    part.a_matrix_.value_ = [value for r in own for _, value in rows[r]]
    solver.passModel(part)
    solver.run()
    told = solver.getInfo()
    if highspy.HighsVarType.kInteger in whole:
        return float(told.mip_dual_bound)
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ValueError(f"the load of {model.col_names_[columns[0]]} has no run at all")
    return float(told.objective_function_value)


def main(file: Path, plan: Path, seconds: float = A_LOAD_S) -> int:
    """Tell, and say whether the plan says no more than is so."""
    said = json.loads(plan.read_text(encoding="utf-8"))
    unfinished: list[str] = []
    found = max(0.0, proved_wh(file, said["prices"], seconds, unfinished))
    imported, claimed = said["imported_wh"], said["priced_bound_wh"]
    nearly = NEARLY * max(1.0, imported)
    holds = claimed <= found + nearly and found <= imported + nearly
    sys.stdout.write(f"the prices prove that no plan imports less than {found:.1f} Wh; the plan says {claimed:.1f} Wh, and imports "
                     f"{imported:.1f} Wh: {'so it is' if holds else 'not proved' if unfinished else 'THAT IS NOT SO'}\n")
    if unfinished and not holds:
        sys.stdout.write(f"not all was proved in {seconds:g} s a load ({', '.join(unfinished)}): give it more, "
                         f"python benchmarks/proved.py {file} {plan} {10 * seconds:g}\n")
    if said["bound_wh"] > claimed + nearly:
        sys.stdout.write(f"its bound of {said['bound_wh']:.1f} Wh was proved by branch and bound: solve {file} for it\n")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *map(float, sys.argv[3:])))
