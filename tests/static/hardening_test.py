"""The program as it was built: what compilers and linkers can do against the exploit of a mistake is in it.

hardening_test.py BUILD [OTHER...]: the folder of a build, and of others that are looked at where they hold a program."""

import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

from elf import Elf

FOLDERS = [Path(word) for number, word in enumerate(sys.argv[1:]) if number == 0 or (Path(word) / "mirrorctl").exists()]
FLAGS = (r"-D_FORTIFY_SOURCE=3", r"-D_GLIBCXX_ASSERTIONS", r"-fstack-protector-strong", r"-fstack-clash-protection", r"-fPI[EC]", r"-O[1-3s]")
AGAINST = re.compile(r"-U_FORTIFY_SOURCE|-D_FORTIFY_SOURCE=[012]|-O0|-fno-stack|-fno-pi|-no-pie|-z,?execstack|-z,?norelro|-z,?lazy")
ONLY_DATA = "libprofile_data.a"


def readelf(*words):
    return subprocess.run(["readelf", "-W", *map(str, words)], capture_output=True, text=True, check=True).stdout


def symbols(table):
    return {line.split()[7].split("@")[0] for line in table.splitlines() if len(line.split()) > 7 and line.split()[6] == "UND"}


def fortified(names):
    return {name for name in names if re.fullmatch(r"__\w+_chk", name)}


def in_each_build(test):
    def run(self):
        for folder in FOLDERS:
            with self.subTest(folder.name):
                test(self, folder)
    return run


class Hardening(unittest.TestCase):
    @in_each_build
    def test_the_file(self, folder):
        elf = Elf(folder / "mirrorctl")
        self.assertEqual(elf.missing_protection, [])
        tags = set(re.findall(r"^ 0x\w+ \((\w+)\)", readelf("-d", folder / "mirrorctl"), re.MULTILINE))
        self.assertIn("RELA" if elf.interpreter else "FLAGS_1", tags, "nothing of the dynamic section was read")
        self.assertEqual(tags & {"RPATH", "RUNPATH", "TEXTREL"}, set())

    @in_each_build
    def test_what_is_called(self, folder):
        if not Elf(folder / "mirrorctl").interpreter:
            return  # stripped: test_the_parts looks at what it was linked from
        called = symbols(readelf("--dyn-syms", folder / "mirrorctl"))
        self.assertIn("__stack_chk_fail", called)
        self.assertIn("_ZSt21__glibcxx_assert_failPKciS0_S0_", called)
        self.assertTrue(fortified(called))

    @in_each_build
    def test_the_parts(self, folder):
        # What the program calls may come from other libraries that are linked into it.
        parts = {path.name: symbols(readelf("-s", path)) for path in (folder / "src").glob("lib*.a")}
        self.assertGreaterEqual(len(parts), 16)
        without = {name for name, called in parts.items() if "__stack_chk_fail" not in called or not any("glibcxx_assert" in one for one in called)}
        self.assertEqual(without, {ONLY_DATA})
        self.assertGreaterEqual(sum(bool(fortified(called)) for called in parts.values()), 5)

    @in_each_build
    def test_the_flags(self, folder):
        ours = [entry for entry in json.loads((folder / "compile_commands.json").read_text()) if " -o src/" in entry["command"]]
        # A folder may be compiled as one source that includes all of its own.
        units = [len(re.findall('#include "/', Path(entry["file"]).read_text())) if "/Unity/" in entry["file"] else 1 for entry in ours]
        self.assertGreater(sum(units), 200)
        for command in (entry["command"] for entry in ours):
            words = command.split()
            lacking = [flag for flag in FLAGS if not any(re.fullmatch(flag, word) for word in words)]
            self.assertEqual((lacking, AGAINST.findall(command)), ([], []), command)


if __name__ == "__main__":
    if not FOLDERS:
        sys.exit(__doc__)
    if "-fsanitize=" in (FOLDERS[0] / "compile_commands.json").read_text():
        print("skipped: a sanitizer's own checks stand for these")
        sys.exit(77)
    print("looks at", *FOLDERS)
    unittest.main(argv=sys.argv[:1], verbosity=2)
