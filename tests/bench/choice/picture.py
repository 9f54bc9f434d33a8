"""Regret against time, as SVG: one dot for every run, on logarithmic axes. Down and to the left is better."""

import math
from html import escape

import table
import warm
import worlds

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 920, 560, 70, 60, 30, 190
TIMES = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]
REGRETS = [1, 1.1, 1.3, 2, 5, 10, 30, 100]
COLOURS = ["#d1242f", "#0969da", "#1a7f37", "#9a6700", "#8250df", "#bf3989", "#0f766e", "#57606a", "#e16f24", "#6e7781"]


def position(seconds, regret):
    across = (math.log(max(seconds, TIMES[0])) - math.log(TIMES[0])) / (math.log(TIMES[-1]) - math.log(TIMES[0]))
    # The square root of the logarithm: what is near 1 is what it is about.
    up = math.sqrt(math.log(max(1.0, min(regret, REGRETS[-1]))) / math.log(REGRETS[-1]))
    return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP)


def axes():
    out = []
    for seconds in TIMES:
        x, y = position(seconds, 1)
        out.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{y:.1f}"/>'
                   f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{seconds:g}</text>')
    for regret in REGRETS:
        x, y = position(TIMES[0], regret)
        out.append(f'<line class="grid" x1="{x:.1f}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                   f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{regret:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 15}" text-anchor="middle">seconds until the mirror was chosen</text>')
    out.append(f'<text transform="translate(20,{HEIGHT / 2}) rotate(-90)" text-anchor="middle">pull from the pick / from the best</text>')
    return out


STYLE = """<style>text{font:13px sans-serif;fill:#1f2328}.grid{stroke:#d0d7de;stroke-width:1}rect{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#30363d}rect{fill:#0d1117}}</style>"""


def write(book, file):
    methods = sorted({method for _, _, method in book.runs}, key=lambda one: (not one.startswith(table.OWN), one))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>Regret against time</title>', STYLE,
           f'<rect width="{WIDTH}" height="{HEIGHT}"/>', *axes()]
    for index, method in enumerate(methods):
        colour = COLOURS[index % len(COLOURS)]
        for family in table.families_in(book):
            if worlds.base(family) in warm.FAMILIES:  # nothing is chosen anew there
                continue
            for row in table.rows_of(book, family, method):
                if row["regret"] is None:
                    continue
                x, y = position(row["t_sel"], row["regret"])
                told = f"{method}, {family}:{row['seed']}: {row['t_sel']:.2f} s, regret {row['regret']:.2f}, {row['pick']}"
                out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" fill-opacity="0.65"><title>{escape(told)}</title></circle>')
        y = TOP + 20 + 22 * index
        out.append(f'<circle cx="{WIDTH - RIGHT + 20}" cy="{y - 4}" r="5" fill="{colour}"/><text x="{WIDTH - RIGHT + 32}" y="{y}">{escape(method)}</text>')
    with open(file, "w", encoding="utf-8") as svg:
        svg.write("\n".join(out) + "\n</svg>\n")
