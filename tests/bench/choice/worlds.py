"""The worlds: what mirrors there are, how far away, how fast, how broken. A world is a plain dict (JSON) that follows from family and seed.

    {"family": "A", "seed": 3, "congestion": "cubic", "access": {"rate": 25e6, "queue": 500e3}, "tls": false, "token": false,
     "v6": false, "origin": "origin",
     "mirrors": [{"name": "m60", "address": "198.19.0.1", "rate": 7.5e6, "rtt": 0.03, "jitter": 0.001, "loss": 0.0,
                  "queue": 300e3, "mode": "ok"}, ...]}

Rates are bytes per second (of packets, headers included), times seconds. Modes:
ok hole refused tarpit html man404 blob403 rl429:K redirect:NAME delay:SECONDS_PER_MIB burst:BYTES:RATE perconn:RATE corrupt norange
"""

import math
import random

MBIT = 125_000.0
UNUSABLE = {"hole", "refused", "tarpit", "html", "man404", "blob403", "rl429", "corrupt"}
THROTTLED = {"burst", "delay", "redirect", "perconn"}
NAMES = {
    "A": "24 mirrors, 10 broken", "B": "A behind 5 Mbit/s", "C": "long fat against short thin", "D": "healthy, 2 dead",
    "E": "60 mirrors, 23 broken", "F": "12 near ties", "G": "warm, unchanged", "H": "all dead", "I": "the mirror in use dies, apply again",
    "J": "TLS, tokens, broken IPv6", "K": "random worlds",
}


def speaks_tls(world, mirror):
    """The origin's certificate could only be trusted by the node as a whole, so it speaks plain HTTP."""
    return world["tls"] and mirror["name"] != world["origin"]


def wants_token(world, mirror):
    """Where others redirect to, blobs are given to whoever comes, as from a content network with signed URLs."""
    targets = {one["mode"].split(":")[1] for one in world["mirrors"] if one["mode"].startswith("redirect")}
    return world["token"] and mirror["name"] not in targets


def kind(mirror):
    return mirror["mode"].split(":")[0]


class Draft:
    """Collects mirrors; every number is shaken by the seed, except for seed 0, which has the family's round ones."""

    def __init__(self, family, seed, access):
        self.random = random.Random(f"{family}/{seed}")
        self.shaken = seed != 0
        self.world = {"family": family, "seed": seed, "congestion": "cubic", "tls": False, "token": False, "v6": False, "origin": "origin",
                      "access": {"rate": access * MBIT, "queue": max(64_000, access * MBIT * 0.08)}, "mirrors": []}

    def shake(self, value, by):
        return value * self.random.uniform(1 - by, 1 + by) if self.shaken else value

    def add(self, name, mbit, rtt_ms, mode="ok", loss=0.0):
        rate, rtt = self.shake(mbit, 0.1) * MBIT, self.shake(rtt_ms, 0.15) / 1000
        queue = max(48_000.0, rate * self.shake(0.1, 0.4))
        self.world["mirrors"].append({"name": name, "rate": round(rate), "rtt": round(rtt, 5), "jitter": round(rtt * 0.02, 6), "loss": loss,
                                      "queue": round(queue), "mode": mode})

    def add_all(self, rows):
        for name, mbit, rtt_ms, *more in rows:
            self.add(name, mbit, rtt_ms, *more)

    def done(self):
        mirrors = self.world["mirrors"]
        if self.shaken:
            self.random.shuffle(mirrors)
        for index, mirror in enumerate(mirrors):
            mirror["address"] = f"198.19.{index // 200}.{index % 200 + 1}"
        return self.world


ORIGIN = ("origin", 1.6, 160)
# Fast near ones are thin: who ranks by latency goes wrong.
LIVE = [("m60", 60, 30), ("m48", 48, 45), ("m40", 40, 8), ("m32", 32, 25), ("m27", 27, 60), ("m20", 20, 35), ("m16", 16, 20),
        ("m12", 12, 50), ("m8", 8, 90), ("m4", 4, 120), ("near2", 2, 3), ("near1", 1, 2), ("far05", 0.5, 200)]
BROKEN = [("hole1", 50, 20, "hole"), ("hole2", 50, 40, "hole"), ("refused", 50, 12, "refused"), ("tarpit", 80, 4, "tarpit"),
          ("html", 150, 3, "html"), ("blob403", 80, 6, "blob403"), ("rl429", 100, 6, "rl429:3"), ("redirect", 80, 5, "redirect:near1"),
          ("delay", 100, 10, "delay:1"), ("burst", 120, 10, "burst:4194304:128000")]


def mixed(family, seed, access):
    draft = Draft(family, seed, access)
    draft.add_all([ORIGIN, *LIVE, *BROKEN])
    return draft.done()


def slow_start(seed):
    draft = Draft("C", seed, 200)
    draft.add_all([("origin", 1.6, 160), ("fat150", 150, 180), ("fat100", 100, 220, "ok", 0.0 if seed % 2 == 0 else 0.0002), ("fat80", 80, 150),
                   ("long60", 60, 250), ("mid40", 40, 10), ("thin25", 25, 6), ("thin20", 20, 5), ("thin16", 16, 4), ("thin12", 12, 2),
                   ("thin10", 10, 3), ("thin6", 6, 2)])
    return draft.done()


def healthy(family, seed):
    draft = Draft(family, seed, 200)
    draft.add_all([ORIGIN, *LIVE, ("hole1", 50, 20, "hole"), ("refused", 50, 12, "refused")])
    return draft.done()


def crowd(seed):
    draft = Draft("E", seed, 200)
    draft.add(*ORIGIN)
    draft.add_all([("m60", 60, 30), ("m52", 52, 40)])
    for index in range(33):
        mbit = 48 * 0.88 ** index + 0.4
        draft.add(f"live{index}", mbit, draft.random.choice([3, 8, 15, 25, 40, 60, 90, 140, 200]))
    modes = (["hole"] * 4 + ["refused"] * 2 + ["tarpit"] * 2 + ["html"] * 2 + ["blob403", "man404", "corrupt", "rl429:3"]
             + ["burst:4194304:128000"] * 2 + ["burst:2097152:64000"] * 2 + ["redirect:live31", "redirect:live32", "redirect:live30", "redirect:live29",
                                                                            "redirect:live28"])
    for index, mode in enumerate(modes):
        draft.add(f"bad{index}-{mode.split(':')[0]}", draft.random.choice([60, 80, 120, 150]), draft.random.choice([3, 5, 10, 20, 40]), mode)
    draft.add("delay", 100, 10, "delay:1")
    return draft.done()


def ties(seed):
    draft = Draft("F", seed, 200)
    draft.add(*ORIGIN)
    for index in range(12):
        mbit = 37 + 6 * index / 11
        draft.add(f"tie{index}", mbit, 12 + index)
        draft.world["mirrors"][-1]["rate"] = round(mbit * MBIT)
    return draft.done()


def dead(seed):
    draft = Draft("H", seed, 200)
    modes = ["hole", "hole", "refused", "tarpit", "html", "man404", "blob403", "rl429:2", "corrupt", "hole", "refused", "html"]
    draft.add("origin", 1.6, 160, "hole")
    for index, mode in enumerate(modes):
        draft.add(f"dead{index}-{mode.split(':')[0]}", 50, 5 + 10 * index, mode)
    return draft.done()


def secure(seed):
    world = mixed("J", seed, 200)
    world.update(tls=True, token=True, v6=True)
    return world


def random_mode(draw, others):
    name = draw.choice(["hole", "refused", "tarpit", "html", "man404", "blob403", "rl429", "redirect", "delay", "burst", "perconn", "corrupt",
                        "norange"])
    if name == "rl429":
        return f"rl429:{draw.randint(1, 4)}"
    if name == "redirect":
        return f"redirect:{draw.choice(others)}"
    if name == "delay":
        return f"delay:{draw.choice([0.3, 1])}"
    if name == "burst":
        return f"burst:{draw.choice([1, 2, 4, 6]) << 20}:{draw.choice([64_000, 128_000, 400_000])}"
    if name == "perconn":
        return f"perconn:{draw.choice([60_000, 250_000, 1_000_000])}"
    return name


def log_uniform(draw, low, high):
    return math.exp(draw.uniform(math.log(low), math.log(high)))


def anything(seed):
    draft = Draft("K", seed, 100)
    draw = draft.random
    access = log_uniform(draw, 8, 200)
    draft.world["access"] = {"rate": access * MBIT, "queue": max(64_000, access * MBIT * draw.uniform(0.04, 0.2))}
    draft.world["congestion"] = draw.choice(["cubic", "cubic", "bbr"])
    draft.add(*ORIGIN)
    live = [f"live{index}" for index in range(draw.randint(3, 24))]
    top = log_uniform(draw, 15, 120)
    for name in live:
        loss = draw.choice([0, 0, 0, 0, 0, 0.0001, 0.0005, 0.001])
        draft.add(name, log_uniform(draw, top / 60, top), log_uniform(draw, 2, 200), "ok", loss)
        mirror = draft.world["mirrors"][-1]
        mirror["jitter"] = round(mirror["rtt"] * draw.choice([0, 0.02, 0.05, 0.1]), 6)
    for index in range(draw.randint(0, len(live))):
        mode = random_mode(draw, live)
        draft.add(f"bad{index}-{mode.split(':')[0]}", log_uniform(draw, top / 4, top * 1.5), log_uniform(draw, 2, 120), mode)
    return draft.done()


MAKERS = {
    "A": lambda seed: mixed("A", seed, 200), "B": lambda seed: mixed("B", seed, 5), "C": slow_start, "D": lambda seed: healthy("D", seed),
    "E": crowd, "F": ties, "G": lambda seed: healthy("G", seed), "H": dead, "I": lambda seed: mixed("I", seed, 200), "J": secure, "K": anything,
}


def base(family):
    return family.partition("+")[0]


def title(family):
    return f"{family}: {NAMES[base(family)]}"


def make(family, seed):
    """`family`: a letter, or a letter and the congestion control of the mirrors: "A+bbr"."""
    name, _, congestion = family.partition("+")
    world = MAKERS[name](seed)
    world.update(family=family, **({"congestion": congestion} if congestion else {}))
    return world


def by_name(world):
    return {mirror["name"]: mirror for mirror in world["mirrors"]}
