#!/usr/bin/env python3
"""Runs one golden case with the real binary ($MIRRORCTL): apply, apply again, rollback; compares whole trees.

A case is a directory <target>/<name> with
  case.json   what to run and what to expect, see DEFAULTS
  root/       files that stand in the root before, on top of base/<base>
  want/       files that are new or different afterwards; everything else must be as it was
Trees are compared by path, type, permission bits, bytes and link targets: a stray file fails the case.

    run_golden.py CASE            run it
    run_golden.py --update CASE   write want/ from what the binary does, to be read line by line before it is kept
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULTS = {
    "about": "",           # the rule that the case holds fast
    "base": "debian12",    # tree below base/, or ""
    "profile": "profile.yaml",
    "args": [],            # of apply, besides --offline and --profile
    "secrets": {},         # file name -> content: written 0600 beside the root; {name} in args is its path
    "prepare": [],         # arguments of runs before: [["apply", ...], ...]; {profile}... are replaced
    "modes": {},           # path -> octal mode, in the root before
    "links": {},           # path -> target, in the root before
    "dirs": [],            # empty directories in the root before
    "want_modes": {},      # path -> octal mode afterwards (files that stay keep theirs)
    "gone": [],            # paths that are not there afterwards
    "exit": 0,
    "error": None,         # code
    "says": [],            # parts of the error's message and hint
    "never_says": [],      # must not be in any output
    "warnings": [],        # codes that must be among those of the document
    "pending": [],         # units that must be among those of the document
    "unchanged": False,    # nothing to do from the start
}


def tree_of(root):
    out = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = Path(directory) / name
            info = path.lstat()
            relative = "/" + str(path.relative_to(root))
            if stat.S_ISLNK(info.st_mode):
                out[relative] = ("link", 0, os.readlink(path).encode())
            elif stat.S_ISDIR(info.st_mode):
                out[relative] = ("dir", stat.S_IMODE(info.st_mode), b"")
            else:
                out[relative] = ("file", stat.S_IMODE(info.st_mode), path.read_bytes())
    return out


def times_of(root):
    return {path: (Path(root) / path[1:]).lstat().st_mtime_ns for path in tree_of(root)}


def difference(want, have):
    lines = []
    for path in sorted(want.keys() | have.keys()):
        old, new = want.get(path), have.get(path)
        if old == new:
            continue
        if old is None or new is None:
            lines.append(f"{path}: {'unexpected' if old is None else 'missing'}")
            continue
        for name, a, b in zip(("type", "mode", "bytes"), old, new):
            if a != b:
                lines.append(f"{path}: {name}\n  want {oct(a) if name == 'mode' else a!r}\n  have {oct(b) if name == 'mode' else b!r}")
    return lines


class Case:
    def __init__(self, directory):
        self.directory = Path(directory).resolve()
        given = json.loads((self.directory / "case.json").read_text())
        unknown = given.keys() - DEFAULTS.keys()
        if unknown:
            raise SystemExit(f"{self.directory}: unknown keys in case.json: {', '.join(sorted(unknown))}")
        self.__dict__.update(DEFAULTS | given)
        self.work = Path(tempfile.mkdtemp(prefix="mirrorctl-golden-"))
        self.root = self.work / "root"
        self.failures = []

    def path(self, name):
        return self.root / name.lstrip("/")

    def lay_out(self):
        self.root.mkdir(mode=0o755)
        layers = ([HERE / "base" / self.base] if self.base else []) + [self.directory / "root"]
        for layer in layers:
            for source in sorted(layer.rglob("*")) if layer.is_dir() else []:
                target = self.root / source.relative_to(layer)
                if source.is_dir():
                    target.mkdir(exist_ok=True)
                else:
                    shutil.copyfile(source, target)
        for name in self.dirs:
            self.path(name).mkdir(parents=True)
        for path in [self.root, *self.root.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or path.parent.name in ("bin", "sbin") else 0o644)
        for name, target in self.links.items():
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).symlink_to(target)
        for name, mode in self.modes.items():
            self.path(name).chmod(int(mode, 8))
        for name, text in self.secrets.items():
            secret = self.work / name
            secret.write_text(text)
            secret.chmod(0o600)

    def run(self, arguments):
        names = {"profile": HERE / self.profile, "work": self.work, "golden": HERE}
        words = [word.format(**names) for word in arguments]
        argv = [os.environ["MIRRORCTL"], "--root", str(self.root), "--state-dir", str(self.work / "state"), "--json", *words]
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.work), "LANG": "C.UTF-8"}
        done = subprocess.run(argv, capture_output=True, env=env, timeout=60, check=False)
        for secret in self.never_says:
            if secret.encode() in done.stdout + done.stderr:
                self.failures.append(f"{words[0]} prints what it must not: {secret}")
        try:
            document = json.loads(done.stdout)
        except ValueError:
            document = {}
            self.failures.append(f"{words[0]} printed no JSON document: {done.stdout!r} {done.stderr!r}")
        return done.returncode, document

    def apply(self):
        return self.run(["apply", "--offline", "--profile", "{profile}", *self.args])

    def expect(self, what, want, have):
        if want != have:
            self.failures.append(f"{what}: want {want!r}, have {have!r}")

    def expected_tree(self, before):
        tree = dict(before)
        for name in self.gone:
            for path in [p for p in tree if p == name or p.startswith(name + "/")]:
                del tree[path]
        want = self.directory / "want"
        for source in sorted(want.rglob("*")) if want.is_dir() else []:
            name = "/" + str(source.relative_to(want))
            if source.is_dir():
                tree.setdefault(name, ("dir", 0o755, b""))
            else:
                mode = tree[name][1] if name in tree else 0o644
                tree[name] = ("file", mode, source.read_bytes())
        for name, mode in self.want_modes.items():
            tree[name] = (tree[name][0], int(mode, 8), tree[name][2])
        return tree

    def update(self, before, after):
        shutil.rmtree(self.directory / "want", ignore_errors=True)
        for path, (kind, _, content) in sorted(after.items()):
            if kind == "file" and (path not in before or before[path][2] != content):
                target = self.directory / "want" / path[1:]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)

    def check_document(self, code, document):
        self.expect("exit", self.exit, code)
        error = document.get("error") or {}
        self.expect("error", self.error, error.get("code"))
        said = f"{error.get('message', '')} | {error.get('hint', '')}"
        for part in self.says:
            if part not in said:
                self.failures.append(f"the error does not say {part!r}: {said}")
        self.expect("missing warnings", set(), set(self.warnings) - {w["code"] for w in document.get("warnings", [])})
        self.expect("missing in pending", set(), set(self.pending) - {p["unit"] for p in document.get("pending", [])})
        if self.exit == 0:
            self.expect("changed", not self.unchanged, document.get("changed"))

    def check_second_run(self, after):
        times = times_of(self.root)
        code, document = self.apply()
        self.expect("exit of the second apply", 0, code)
        self.expect("second apply changed", False, document.get("changed"))
        self.failures += [f"second apply: {line}" for line in difference(after, tree_of(self.root))]
        self.expect("times after the second apply", times, times_of(self.root))

    def check_rollback(self, before):
        code, document = self.run(["rollback"])
        self.expect("exit of rollback", 0, code)
        self.expect("error of rollback", None, document.get("error"))
        self.failures += [f"rollback: {line}" for line in difference(before, tree_of(self.root))]

    def play(self, update=False):
        try:
            return self.compare_runs(update)
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    def compare_runs(self, update):
        self.lay_out()
        original = tree_of(self.root)
        for arguments in self.prepare:
            code, document = self.run(arguments)
            self.expect(f"exit of {arguments[0]} before ({document.get('error')})", 0, code)
        before = tree_of(self.root)
        code, document = self.apply()
        after = tree_of(self.root)
        if update:
            self.update(original, after)
        self.check_document(code, document)
        self.failures += difference(self.expected_tree(original), after)
        if code == 0 and not self.failures:
            self.check_second_run(after)
            if not self.unchanged:
                self.check_rollback(before)
        return self.failures


def main(arguments):
    update = "--update" in arguments
    failed = False
    for directory in [word for word in arguments if word != "--update"]:
        case = Case(directory)
        failures = case.play(update)
        failed |= bool(failures)
        print(f"{'FAILED' if failures else 'ok'}: {case.directory.parent.name}/{case.directory.name}: {case.about}")
        for line in failures:
            print("  " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
