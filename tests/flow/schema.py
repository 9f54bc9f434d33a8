"""The JSON documents of the contract, and a small validator.

A spec is a type, a set of allowed values, [spec] for a list, a dict for an object (a key that ends in "?" may be missing; keys that
the spec does not name are allowed: documents may grow), maybe(spec) for null, Map(spec) for an object with free keys, or a function
that returns a problem or None.
"""

import re


class Map:
    def __init__(self, value):
        self.value = value


class Either:
    def __init__(self, *specs):
        self.specs = specs


def maybe(spec):
    return Either(None, spec)


Number = Either(int, float)


def pattern(expression):
    compiled = re.compile(expression)

    def check_text(value):
        if not isinstance(value, str) or not compiled.fullmatch(value):
            return f"expected text like {expression}, found {value!r}"
        return None
    return check_text


def problems_of(value, spec, where="$"):
    if isinstance(spec, Either):
        attempts = [problems_of(value, one, where) for one in spec.specs]
        return [] if [] in attempts else [f"{where}: {value!r} fits none of the forms: {attempts[-1]}"]
    if spec is None:
        return [] if value is None else [f"{where}: expected null, found {value!r}"]
    if isinstance(spec, type):
        right = isinstance(value, spec) and not (spec is not bool and isinstance(value, bool))
        return [] if right else [f"{where}: expected {spec.__name__}, found {value!r}"]
    if isinstance(spec, (set, frozenset)):
        return [] if value in spec else [f"{where}: expected one of {sorted(spec)}, found {value!r}"]
    if isinstance(spec, list):
        if not isinstance(value, list):
            return [f"{where}: expected a list, found {value!r}"]
        return [problem for index, one in enumerate(value) for problem in problems_of(one, spec[0], f"{where}[{index}]")]
    if isinstance(spec, Map):
        if not isinstance(value, dict):
            return [f"{where}: expected an object, found {value!r}"]
        return [problem for key, one in value.items() for problem in problems_of(one, spec.value, f"{where}.{key}")]
    if isinstance(spec, dict):
        return object_problems(value, spec, where)
    problem = spec(value)
    return [f"{where}: {problem}"] if problem else []


def object_problems(value, spec, where):
    if not isinstance(value, dict):
        return [f"{where}: expected an object, found {value!r}"]
    out = []
    for key, one in spec.items():
        name = key.rstrip("?")
        if name in value:
            out += problems_of(value[name], one, f"{where}.{name}")
        elif not key.endswith("?"):
            out.append(f"{where}: key {name} is missing")
    return out


CODE = pattern(r"[a-z][a-z0-9_]*")
ERROR = {"code": CODE, "message": str, "hint": str}
WARNING = {"code": CODE, "message": str, "hint": str}
TRANSACTION = pattern(r"\d{8}T\d{6}Z-[0-9a-f]{4,}")
OUTCOME = {"unchanged", "committed", "rolled_back", "stuck"}
FILE = {"path": pattern(r"/.*"), "target": str, "action": {"create", "update", "remove"}}
MIRROR = {"url": pattern(r"https?://.*"), "trust": {"resolve", "verify", "pull"}, "predicted_pull_seconds": maybe(Number), "measured": bool}

RUN = {
    "changed": bool,
    "outcome": OUTCOME,
    "transaction": maybe(TRANSACTION),
    "mirrors": Map([MIRROR]),
    "files": [FILE],
    "activations": [{"unit": str, "action": {"none", "reload", "restart", "daemon-reload"}, "result": {"done", "deferred", "failed"}}],
    "pending": [{"unit": str, "action": {"none", "reload", "restart", "daemon-reload"}, "reason": str}],
    "warnings": [WARNING],
    "error": maybe(ERROR),
}

BENCH = {
    "elapsed_seconds": Number,
    "upstreams": Map({
        "ranking": [{
            "url": pattern(r"https?://.*"),
            "verdict": {"usable", "rejected"},
            "reason": str,
            "samples": int,
            "connect_ms": maybe(Number),
            "ttfb_ms": maybe(Number),
            "throughput_bps": maybe(Number),
            "predicted_pull_seconds": maybe(Number),
            "bytes": int,
            "requests": int,
        }],
    }),
}

DOCUMENTS = {
    "apply": RUN,
    "plan": {**RUN, "diff": str},
    "rollback": RUN,
    "reset": RUN,
    "recover": RUN,
    "bench": BENCH,
    "status": {"targets": [{"target": str, "path": maybe(pattern(r"/.*")), "state": {"ours", "drifted", "foreign", "absent"},
                            "live": {"yes", "pending", "unknown"}, "mirrors": Either([str], Map([str]))}],
               "consumers": [{"name": str, "reads": [pattern(r"/.*")], "live": {"yes", "pending", "no", "unknown"}, "detail": str}]},
    "doctor": {"findings": [{"code": CODE, "severity": {"error", "warning", "note"}, "subject": str, "message": str, "hint": str}],
               "checked": int, "warnings": [WARNING]},
    "doctor-list": {"checks": [{"code": CODE, "severity": {"error", "warning", "note"}, "about": str}]},
    "explain": {"image": str, "registry": str, "repository": str,
                "consumers": [{"name": str, "file": maybe(pattern(r"/.*")), "note": str,
                               "hosts": [{"url": str, "tag": bool, "content": bool, "via": str, "why": str}]}]},
    "history": {"transactions": [{"id": TRANSACTION, "at": Either(str, int, float), "command": str, "outcome": OUTCOME,
                                  "files": list, "actor": str, "version": str,
                                  "profile": {"name": str, "sha256": pattern(r"(sha256:)?[0-9a-f]{64}|")}}]},
    "targets": {"targets": list},
    "profile-list": {"profiles": list},
    "profile-show": {},
    "profile-lint": {},
}


def check(document, command):
    """Problems of a document of `command`; an error document of any command may be only its error."""
    if not isinstance(document, dict):
        return [f"$: expected an object, found {document!r}"]
    out = problems_of(document, {"schema": pattern(rf"mirrorctl\.{re.escape(command)}/1")})
    if document.get("error") and "outcome" not in document:
        return out + problems_of(document, {"error": ERROR})
    return out + problems_of(document, DOCUMENTS[command])
