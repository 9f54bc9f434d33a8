"""The world lab: who picks the mirror with which a real pull is fastest, how soon, and what does it cost?

    choice.py --show A:0                                 one world: its truth, and mirrorctl's ranking beside it
    choice.py --families A,C --seeds 20 --results r.jsonl --truth real --methods mirrorctl,chsrc --svg regret.svg
    choice.py --table --results r.jsonl                  only print what is there
    choice.py --smoke                                    what ctest runs

Runs that stand in the results file are not repeated, so a run can be cut and started again. --program X --as NAME measures another
mirrorctl beside the first. It needs root and /dev/net/tun, else it says so and ends with 77.
"""

import argparse
import os
import signal
import sys

import book as books
import methods
import place as places
import table
import truth
import warm
import worlds

CUT = 60.0  # seconds after which a real pull is extrapolated


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default="A,B,C,D,E,F,G,H,I,J,K", help="of " + " ".join(worlds.NAMES))
    parser.add_argument("--seeds", default="5", help="how many, or FIRST-LAST")
    parser.add_argument("--methods", default=methods.OWN, help="comma separated, or all: " + ", ".join(methods.names()))
    parser.add_argument("--results", default="", help="JSON lines, appended to; with --table several, comma separated")
    parser.add_argument("--congestion", choices=("cubic", "bbr"), help="of the mirrors; default: the world's own")
    parser.add_argument("--truth", choices=("real", "all", "predicted"), default="real",
                        help="real: pull from those that may be best and from the picks; all: from every usable one; predicted: no pulls")
    parser.add_argument("--program", help="the mirrorctl to measure instead of $MIRRORCTL")
    parser.add_argument("--as", dest="name", default=methods.OWN, help="what to call it in the table")
    parser.add_argument("--show", metavar="FAMILY:SEED", help="one world in detail")
    parser.add_argument("--svg", help="write a picture of regret against time")
    parser.add_argument("--table", action="store_true", help="run nothing, print the results file")
    parser.add_argument("--smoke", action="store_true", help="a small part, and is the lab itself right?")
    return parser.parse_args()


def seeds_of(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last) + 1) if last else range(int(first))


def world_of(options, family, seed):
    return worlds.make(f"{family}+{options.congestion}" if options.congestion else family, seed)


def learn(book, world, names, again=3):
    """Real pulls through those of `names` that were not pulled yet; of unsteady ones the median of several."""
    names = [name for name in names if name not in book.pulls_of(world)]
    if not names:
        return
    shaky = [name for name in names if truth.unsteady(world, name)]
    with places.Place(world, lanes=len(names)) as place:
        rounds = [truth.pull(place, names, CUT)] + [truth.pull(place, shaky, CUT) for _ in range(again - 1 if shaky else 0)]
    pulls = {}
    for name in names:
        good = sorted((one[name] for one in rounds if name in one and one[name]["seconds"] is not None), key=lambda pull: pull["seconds"])
        pulls[name] = dict(good[len(good) // 2], all=[one["seconds"] for one in good]) if good else rounds[0][name]
    book.add("truth", world, pulls=pulls)


def wanted_truth(options, world, picks):
    if options.truth == "predicted":
        return []
    predicted = truth.predict_all(world)
    usable = [name for name, seconds in predicted.items() if seconds is not None]
    if options.truth == "all":
        return usable
    near = truth.contenders(predicted, 4.0)
    return [*truth.contenders(predicted), *(pick for pick in picks if pick in near)]


def run_world(options, book, world):
    wanted = methods.names() if options.methods == "all" else options.methods.split(",")
    for method in wanted:
        label = options.name if method == methods.OWN else method
        if book.run_of(world, label):
            continue
        if worlds.base(world["family"]) in warm.FAMILIES:
            if method != methods.OWN:
                continue
            run = warm.FAMILIES[worlds.base(world["family"])](world)
        else:
            run = methods.choose(world, method)
        book.add("run", world, method=label, **run)
        print(f"  {world['family']}:{world['seed']} {label:<14} {run['t_sel']:7.2f} s {run['bytes'] / (1 << 20):7.1f} MiB  {run['pick']}", flush=True)
    if worlds.base(world["family"]) not in warm.FAMILIES:
        picks = [run["pick"] for (family, seed, _), run in book.runs.items() if (family, seed) == (world["family"], world["seed"])]
        learn(book, world, dict.fromkeys(wanted_truth(options, world, picks)))


def show(options):
    family, _, seed = options.show.partition(":")
    world, book = world_of(options, family, int(seed or 0)), books.Book(options.results)
    run = methods.choose(world, methods.OWN)
    learn(book, world, dict.fromkeys(wanted_truth(options, world, [run["pick"]])))
    predicted, pulls = truth.predict_all(world), book.pulls_of(world)
    ranking = {one["url"].rstrip("/"): one for one in run["ranking"]}
    print(f"{worlds.title(world['family'])}, seed {world['seed']}: access {world['access']['rate'] / worlds.MBIT:.0f} Mbit/s, {world['congestion']}")
    print(f"{'mirror':<16}{'Mbit/s':>7}{'rtt ms':>8}{'loss %':>8}  {'mode':<22}{'model s':>8}{'pull s':>8} | {'told s':>8}{'Mbit/s':>8}{'MiB':>6}{'req':>4}  verdict")
    url_of = {mirror["name"]: url for mirror, url in ((one, places.url_in(world, one)) for one in world["mirrors"])}
    for mirror in sorted(world["mirrors"], key=lambda one: predicted[one["name"]] or 1e9):
        name = mirror["name"]
        told = ranking.get(url_of[name], {})
        real = (pulls.get(name) or {}).get("seconds")
        print(f"{name:<16}{mirror['rate'] / worlds.MBIT:>7.1f}{mirror['rtt'] * 1000:>8.1f}{mirror['loss'] * 100:>8.2f}  {mirror['mode']:<22}"
              f"{predicted[name] or float('nan'):>8.2f}{real or float('nan'):>8.2f} | {told.get('predicted_pull_seconds') or float('nan'):>8.2f}"
              f"{(told.get('throughput_bps') or 0) * 8 / 1e6:>8.1f}{(told.get('bytes') or 0) / (1 << 20):>6.1f}{told.get('requests', 0):>4}"
              f"  {told.get('verdict', '')} {told.get('reason') or ''}"[:230])
    verdict = books.judge(world, run, pulls)
    print(f"pick {run['pick']}: chosen in {run['t_sel']:.2f} s with {run['bytes'] / (1 << 20):.1f} MiB, at most {run['requests']} requests to one mirror,"
          f" {run['cpu']:.2f} s of CPU ({run['system']:.2f} in the kernel), {run['rss'] / (1 << 20):.1f} MiB RSS; regret {verdict['regret'] or 0:.2f}, bad {verdict['bad']}, total {verdict['total'] or 0:.2f}x the oracle")


def report(options, book):
    print(table.table(book))
    print(table.validation(book))
    for name in dict.fromkeys(method for _, _, method in book.runs if method.startswith(methods.OWN)):
        lines, missed = table.goals(book, name)
        print(f"\ngoals, {name}: {missed} not met\n" + "\n".join(lines))
    if options.svg:
        import picture
        picture.write(book, options.svg)
        print(f"\npicture: {options.svg}")


def main():
    options = arguments()
    if options.program:
        os.environ["MIRRORCTL"] = options.program
    if options.smoke:
        import smoke
        return smoke.main()
    if options.show:
        return show(options)
    first, *more = options.results.split(",")
    book = books.Book(first, more)
    if not options.table:
        for seed in seeds_of(options.seeds):
            for family in options.families.split(","):
                run_world(options, book, world_of(options, family, seed))
    return report(options, book)


if __name__ == "__main__":
    # By way of an exception, so that what runs is ended and what was made is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except places.NotHere as why:
        print(f"skipped: {why}")
        sys.exit(places.SKIPPED)
