"""What a pull of the reference image takes at every mirror of a world: predicted for all of them, really pulled where it matters."""

import worlds

MIB = 1 << 20
LAYERS = [2 * MIB, 8 * MIB, 20 * MIB]
PAYLOAD = 1448 / 1500        # of a full packet: IPv4, TCP with timestamps
SEGMENT = 1448
FIRST_WINDOW = 10            # segments (RFC 6928)
AT_ONCE = 100 * worlds.MBIT  # real pulls that run at the same time share the machine's processors
DIAL_TIMEOUT = 30.0          # what dockerd waits for a mirror that does not answer (moby, registry.go)


class Flow:
    def __init__(self, begins, size, cap=float("inf"), burst=None):
        self.begins, self.left, self.cap = begins, float(size), cap
        self.burst_left, self.slow = burst or (float("inf"), cap)

    def limit(self, now, rtt, plateau):
        """Bytes per second that window and server allow at `now`."""
        rounds = min(40, int((now - self.begins) / rtt + 1e-6))
        window = min(FIRST_WINDOW * SEGMENT * 2.0 ** rounds / rtt, plateau)
        return min(window, self.cap if self.burst_left > 0 else self.slow)


def share(limits, capacity):
    """Max-min fair shares."""
    out, left, order = [0.0] * len(limits), capacity, sorted(range(len(limits)), key=lambda index: limits[index])
    for position, index in enumerate(order):
        out[index] = min(limits[index], left / (len(order) - position))
        left -= out[index]
    return out


def finish(flows, capacity, rtt, plateau):
    """When the last flow has ended: fluid flows on one bottleneck, windows that double every round trip."""
    now = min(flow.begins for flow in flows)
    while True:
        open_flows = [flow for flow in flows if flow.left > 0 and flow.begins <= now + 1e-9]
        waiting = [flow.begins for flow in flows if flow.left > 0 and flow.begins > now + 1e-9]
        if not open_flows:
            if not waiting:
                return now
            now = min(waiting)
            continue
        limits = [flow.limit(now, rtt, plateau) for flow in open_flows]
        rates = share(limits, capacity)
        growing = [flow for flow in open_flows if now - flow.begins < 40 * rtt and flow.limit(now, rtt, plateau) < min(capacity, plateau, flow.cap)]
        steps = [flow.left / rate for flow, rate in zip(open_flows, rates)]
        steps += [flow.burst_left / rate for flow, rate in zip(open_flows, rates) if 0 < flow.burst_left < flow.left]
        steps += [start - now for start in waiting] + ([rtt] if growing else [])
        step = max(1e-6, min(steps))
        for flow, rate in zip(open_flows, rates):
            flow.left = flow.left - rate * step if flow.left > rate * step + 0.5 else 0
            flow.burst_left = flow.burst_left - rate * step if flow.burst_left > rate * step + 0.5 else 0
        now += step


def plateau_of(mirror, congestion):
    """Bytes per second that one flow keeps up on a lossy path. CUBIC: RFC 9438 section 5.1 and its Reno-friendly floor."""
    loss, rtt = mirror["loss"], mirror["rtt"]
    if loss <= 0 or congestion == "bbr":
        return float("inf")
    window = max(1.054 * (rtt / loss) ** 0.75, (1.5 / loss) ** 0.5)
    return max(window, FIRST_WINDOW) * SEGMENT / rtt


def predict(world, mirror):
    """Seconds, or None where the image cannot be had."""
    mode, *rest = mirror["mode"].split(":")
    if mode in worlds.UNUSABLE:
        return None
    rtt, trips = mirror["rtt"], 4 + 2  # connect, /v2/, index, manifest; connect and ask for a layer
    secure = int(worlds.speaks_tls(world, mirror))
    trips += 2 * secure
    if worlds.wants_token(world, mirror):
        trips += 2 + secure
    begin, bearer = trips * rtt, mirror
    if mode == "redirect":
        bearer = worlds.by_name(world)[rest[0]]
        begin += (2 + int(worlds.speaks_tls(world, bearer))) * bearer["rtt"]
    flows = []
    for size in LAYERS:
        wait = float(rest[0]) * size / MIB if mode == "delay" else 0.0
        cap = float(rest[0]) if mode == "perconn" else float("inf")
        burst = (float(rest[0]), float(rest[1])) if mode == "burst" else None
        flows.append(Flow(begin + wait, size, cap, burst))
    capacity = min(bearer["rate"], world["access"]["rate"] or float("inf")) * PAYLOAD
    return finish(flows, capacity, bearer["rtt"], plateau_of(bearer, world["congestion"]))


def predict_all(world):
    return {mirror["name"]: predict(world, mirror) for mirror in world["mirrors"]}


def contenders(predicted, within=1.6):
    known = [seconds for seconds in predicted.values() if seconds is not None]
    return [name for name, seconds in predicted.items() if seconds is not None and seconds <= within * min(known)] if known else []


def unsteady(world, name):
    """Does the same pull take another time when it is done again? Then one is not enough."""
    mirror = worlds.by_name(world)[name]
    return mirror["loss"] > 0 or min(mirror["rate"], world["access"]["rate"]) * mirror["rtt"] > 200_000


def batches(world, names):
    """Pulls that may run at once: their rates fit on this machine, and no two use the same mirror."""
    mirrors = worlds.by_name(world)
    out, load = [], 0.0
    for name in sorted(names, key=lambda name: mirrors[name]["rate"]):
        weight = min(mirrors[name]["rate"], world["access"]["rate"])
        alone = worlds.kind(mirrors[name]) == "redirect"
        if not out or load + weight > AT_ONCE or alone or load == float("inf"):
            out.append([])
            load = 0.0
        out[-1].append(name)
        load = float("inf") if alone else load + weight
    return out


def pull(place, names, cap):
    """Real pulls through `names`; {name: {"seconds", "extrapolated"} or with "error"}."""
    mirrors = worlds.by_name(place.world)
    plan = [[{"name": name, "url": place.url(mirrors[name]), "source": f"198.18.0.{lane + 1}", "cap": cap} for lane, name in enumerate(batch)]
            for batch in batches(place.world, names)]
    task = {"image": place.image["image"], "digest": place.image["digest"], "ca": place.ready.get("ca") or "", "batches": plan}
    results = place.python("pull.py", task, timeout=60 + 2 * cap * len(plan))
    return {result.pop("name"): result for result in results}


def seconds_of(world, predicted, pulled, name):
    """The pull that follows from picking `name` (None: nothing was picked): one that cannot serve costs its failure, then the origin."""
    origin = predicted[world["origin"]]
    if name is not None:
        if name in pulled and pulled[name]["seconds"] is not None:
            return pulled[name]["seconds"]
        if predicted[name] is not None:
            return predicted[name]
    failure = DIAL_TIMEOUT if name is not None and worlds.kind(worlds.by_name(world)[name]) in ("hole", "tarpit") else 0.0
    return None if origin is None else failure + origin
