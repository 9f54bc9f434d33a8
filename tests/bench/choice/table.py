"""The table of all methods side by side, the goals, and the picture of regret against time."""

import math

import book as books
import truth
import worlds

MIB = 1 << 20
OWN = "mirrorctl"
# family -> [(what, statistic, most)]
GOALS = {
    "A": [("t_sel", "median", 2.0), ("t_sel", "p95", 3.0), ("regret", "median", 1.03), ("regret", "p95", 1.12), ("total", "median", 1.5), ("bad", "sum", 0)],
    "B": [("t_sel", "median", 3.0), ("mib", "max", 3.0), ("regret", "median", 1.05)],
    "C": [("t_sel", "median", 4.0), ("regret", "median", 1.05), ("regret", "p95", 1.5)],
    "D": [("t_sel", "median", 1.8), ("regret", "median", 1.05)],
    "E": [("t_sel", "median", 4.0), ("regret", "median", 1.10), ("bad", "sum", 0)],
    "F": [("t_sel", "median", 1.2), ("mib", "max", 16.0)],
    "G": [("t_sel", "median", 0.6), ("mib", "max", 200 / 1024), ("writes", "sum", 0)],
    "H": [("t_sel", "max", 2.0), ("wrong_exit", "sum", 0), ("writes", "sum", 0)],
    "I": [("kept_dead", "sum", 0)],
    "K": [("regret", "median", 1.004), ("regret", "p95", 1.05), ("regret", "max", 1.25)],
}
FOR_ALL = [("mib", "max", 32.0), ("requests", "max", 8), ("cpu", "max", 0.5), ("rss_mib", "max", 16.0)]
UNITS = {"t_sel": "s", "mib": "MiB", "cpu": "s", "rss_mib": "MiB"}


def quantile(values, share):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def statistic(values, name):
    return {"median": lambda: quantile(values, 0.5), "p95": lambda: quantile(values, 0.95), "max": lambda: max(values), "sum": lambda: sum(values)}[name]()


def rows_of(book, family, method):
    """The runs of one method in one family, with what they are worth."""
    out = []
    for (of, seed, by), run in sorted(book.runs.items()):
        if (of, by) != (family, method):
            continue
        world = worlds.make(of, seed)
        row = {"seed": seed, "t_sel": run["t_sel"], "mib": run["bytes"] / MIB, "requests": run["requests"], "pick": run["pick"],
               "writes": run.get("writes"), "kept_dead": run.get("kept_dead"), "cpu": run.get("cpu"), "rss_mib": run["rss"] / MIB if "rss" in run else None}
        row.update(books.judge(world, run, book.pulls_of(world)))
        row["wrong_exit"] = int(run.get("exit", 0) != 8) if worlds.base(family) == "H" else None
        out.append(row)
    return out


def column(rows, name):
    return [row[name] for row in rows if row.get(name) is not None]


def cell(rows, name, which, form="{:.2f}"):
    values = column(rows, name)
    return form.format(statistic(values, which)) if values else "-"


HEAD = ("method", "runs", "t_sel", "p95", "MiB", "regret", "p95", "worst", "total/oracle", "bad", "requests")
FORM = "{:<22}{:>5}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>13}{:>6}{:>9}"


def line_of(method, rows):
    return FORM.format(method, len(rows), cell(rows, "t_sel", "median"), cell(rows, "t_sel", "p95"), cell(rows, "mib", "median", "{:.1f}"),
                       cell(rows, "regret", "median"), cell(rows, "regret", "p95"), cell(rows, "regret", "max"), cell(rows, "total", "median"),
                       sum(row["bad"] for row in rows), max(row["requests"] for row in rows))


def methods_in(book, family):
    seen = {method for of, _, method in book.runs if of == family}
    return sorted(seen, key=lambda method: (not method.startswith(OWN), method))


def families_in(book):
    return sorted({family for family, _, _ in book.runs})


def table(book):
    out = []
    for family in families_in(book):
        out.append("\n" + worlds.title(family))
        out.append(FORM.format(*HEAD))
        for method in methods_in(book, family):
            out.append(line_of(method, rows_of(book, family, method)))
    return "\n".join(out)


def validation(book):
    """How well the model says what the real pulls took, for paths on which a pull is repeatable and for those on which it is not."""
    ratios = {False: [], True: []}
    for (family, seed), pulls in book.truths.items():
        world = worlds.make(family, seed)
        predicted = truth.predict_all(world)
        for name, pull in pulls.items():
            if pull["seconds"] is not None and not pull["extrapolated"] and predicted[name] is not None:
                ratios[truth.unsteady(world, name)].append(pull["seconds"] / predicted[name])
    out = ["\nreal pulls / the model's prediction"]
    for shaky, values in ratios.items():
        if values:
            numbers = " ".join(f"{share:g}: {quantile(values, share):.3f}" for share in (0.05, 0.5, 0.95))
            out.append(f"  {'long fat or lossy paths' if shaky else 'other paths':<26}{len(values):>5} pulls, quantiles {numbers}")
    return "\n".join(out) if len(out) > 1 else ""


def goals(book, method):
    """Lines that say goal, figure, met or not; and how many were not met."""
    out, missed = [], 0
    for family in families_in(book):
        rows = rows_of(book, family, method)
        if not rows:
            continue
        out.append(f"{worlds.title(family)}, {len(rows)} worlds")
        for what, which, most in [*GOALS.get(worlds.base(family), []), *FOR_ALL]:
            values = column(rows, what)
            if not values:
                continue
            value = statistic(values, which)
            met = value <= most
            missed += not met
            out.append(f"  {what + ' ' + which:<20}{value:>9.2f} {UNITS.get(what, ''):<4} goal <= {most:<7.4g} {'met' if met else 'NOT MET'}")
    return out, missed
