"""A strict reader of Prometheus' text format 0.0.4, as node_exporter's textfile collector takes it; promtool has its say where it is installed."""

import re
import shutil
import subprocess

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)")
UNIT_SUFFIXES = ("_seconds", "_bytes", "_info", "_code", "_changed", "_steps", "_usable", "_per_second", "_requests")


class Broken(AssertionError):
    pass


def parse(text):
    """{(name, frozenset of labels): value}; Broken for anything that a scraper would refuse or that promtool would warn of."""
    if not text.endswith("\n"):
        raise Broken("the last line has no end")
    samples, seen, described, current = {}, set(), {}, None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            if name in seen:
                raise Broken(f"line {number}: {name} in two places")
            seen.add(name)
            current, described[name] = name, {"help"}
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name != current or kind != "gauge":
                raise Broken(f"line {number}: {line}")
            described[name].add("type")
            continue
        match = SAMPLE.fullmatch(line)
        if not match or match.group(1) != current or described[current] != {"help", "type"}:
            raise Broken(f"line {number}: {line!r}")
        if not current.endswith(UNIT_SUFFIXES) or not current.startswith("mirrorctl_"):
            raise Broken(f"line {number}: {current} does not tell its unit")
        labels = frozenset(re.findall(LABEL, match.group(2) or ""))
        value = float(match.group(3))
        if (current, labels) in samples or value != value:
            raise Broken(f"line {number}: twice, or not a number: {line!r}")
        samples[current, labels] = value
    tool = shutil.which("promtool")
    if tool:
        done = subprocess.run([tool, "check", "metrics"], input=text, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise Broken(f"promtool: {done.stdout}{done.stderr}")
    return samples


def value(samples, name, **labels):
    """The one sample of that name with (at least) these labels; None if there is none."""
    wanted = {f'{key}="{text}"' for key, text in labels.items()}
    found = [number for (known, has), number in samples.items() if known == name and wanted <= has]
    if len(found) > 1:
        raise Broken(f"{name} {labels}: {len(found)} samples")
    return found[0] if found else None
