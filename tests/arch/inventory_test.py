#!/usr/bin/env python3
"""Every test source on disk is one that ctest runs. What ctest says of itself (--show-only) is the truth here, not the list files.

inventory_test.py BUILD: the build folder. Of unit tests that were not built since their source changed only the program is asked for."""
import ast
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
BUILD = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None


class Ctest:
    def __init__(self, build):
        text = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True).stdout
        self.tests = json.loads(text)["tests"]
        self.names = {test["name"] for test in self.tests}
        self.programs = {}  # unit_NAME -> the tests that it has
        self.files = {}     # file of tests/ -> the tests that name it
        for test in self.tests:
            self.take(test, test.get("command", []))

    def take(self, test, command):
        if command and Path(command[0]).name.startswith("unit_"):
            self.programs.setdefault(Path(command[0]), set()).add(test["name"].removeprefix("unit."))
        folder = next((Path(one["value"]) for one in test.get("properties", []) if one["name"] == "WORKING_DIRECTORY"), BUILD)
        modules = command[command.index("unittest") + 1:] if "unittest" in command else []
        for word in [*command, *(f"{module}.py" for module in modules)]:
            path = (folder / word).resolve()
            if word and path.is_relative_to(TESTS) and path.exists():
                self.files.setdefault(path, []).append(test["name"])


CTEST = Ctest(BUILD) if BUILD else None


def written(source):
    """(kind, suite, test) of each test in a source."""
    return re.findall(r"^(TEST(?:_[FP])?)\(\s*(\w+),\s*(\w+)\s*\)", source.read_text(), re.MULTILINE)


def is_run(kind, suite, name, known):
    if kind != "TEST_P":
        return f"{suite}.{name}" in known
    return any(re.fullmatch(rf"(\w+/)?{suite}\.{name}/.+", one) for one in known)


def imported(path):
    """Files of tests/ that this one imports, or names by a string."""
    names, words = set(), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(one.name.split(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".py"):
            words.add(Path(node.value).name)
    wanted = {f"{name}.py" for name in names} | words
    near = {one for one in path.parent.glob("*.py") if one.name in wanted}
    return near | {one for one in TESTS.rglob("*.py") if one.name in wanted - {one.name for one in near}}


class Inventory(unittest.TestCase):
    def test_unit_tests(self):
        missing, judged = [], 0
        for folder in sorted({path.parent for path in (TESTS / "unit").rglob("*_test.cpp")}):
            name = "unit_" + str(folder.relative_to(TESTS / "unit")).replace("/", "_")
            program = next((path for path in CTEST.programs if path.name == name), None)
            if program is None:
                self.assertIn(f"{name}_NOT_BUILT", CTEST.names, f"ctest does not know of {name}")
                continue
            for source in folder.glob("*_test.cpp"):
                tests = written(source)
                self.assertTrue(tests, f"{source} has no tests")
                if program.stat().st_mtime < source.stat().st_mtime:
                    continue
                judged += len(tests)
                missing += [f"{source.relative_to(TESTS)}: {suite}.{test}" for kind, suite, test in tests
                            if not is_run(kind, suite, test, CTEST.programs[program])]
        print(f"{judged} unit tests judged")
        self.assertEqual(missing, [])

    def test_all_unit_tests_are_called_so(self):
        helpers = [str(path.relative_to(TESTS)) for path in (TESTS / "unit").rglob("*.[ch]pp") if not path.stem.endswith("_test") and written(path)]
        self.assertEqual(helpers, [])

    def test_fuzz_targets(self):
        targets = [path for path in (TESTS / "fuzz").glob("*.cpp") if path.name != "replay_main.cpp"]
        self.assertGreater(len(targets), 30)
        self.assertEqual([path.stem for path in targets if f"fuzz.{path.stem}" not in CTEST.names], [])

    def test_golden_cases(self):
        cases = [path.parent for path in (TESTS / "golden").rglob("case.json")]
        self.assertGreater(len(cases), 60)
        self.assertEqual([str(path.relative_to(TESTS)) for path in cases if path not in CTEST.files], [])

    def test_python(self):
        """What is a test is run by ctest; all else is used by a test, or by one of the programs in scripts/."""
        scripts = "\n".join(path.read_text(errors="replace") for path in (TESTS.parent / "scripts").rglob("*") if path.is_file())
        known = [path for path in TESTS.rglob("*.py") if path in CTEST.files or str(path.relative_to(TESTS.parent)) in scripts]
        self.assertGreater(len(known), 40)
        reached = set()
        while known:
            path = known.pop()
            if path not in reached:
                reached.add(path)
                known += imported(path)
        lost = [str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py") if path not in reached]
        self.assertEqual(lost, [])
        # A file of test cases that another one imports is not run by that.
        cases = [path for path in TESTS.rglob("*.py") if re.search(r"^if __name__ ==.*\n(.*\n)*.*unittest\.main", path.read_text(), re.MULTILINE)
                 or re.fullmatch(r"test_.*|.*_test", path.stem)]
        self.assertGreater(len(cases), 35)
        self.assertEqual([str(path.relative_to(TESTS)) for path in cases if path not in CTEST.files], [])

    def test_mutants(self):
        listed = subprocess.run([sys.executable, "-B", TESTS / "mutants/mutants.py", "list"], capture_output=True, text=True, check=True).stdout
        self.assertEqual([line for line in listed.splitlines() if f"mutants.{line.split()[0]}" not in CTEST.names], [])


if __name__ == "__main__":
    if CTEST is None:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1], verbosity=1)
