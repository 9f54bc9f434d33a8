#!/usr/bin/env python3
"""Reads the sources as text and checks the rules that a compiler does not: who includes whom, sizes, words."""
import pathlib
import re
import sys
import unittest

TOP = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 and pathlib.Path(sys.argv[1]).is_dir() else pathlib.Path(__file__).resolve().parents[2]
SRC = TOP / "src"
LAYERS = {
    "base": 0, "model": 1, "text": 2, "sys": 2, "net": 2, "targets": 3, "engines": 3, "registry": 3,
    "bench": 4, "plan": 4, "txn": 4, "doctor": 4, "profile": 4, "sync": 4, "ui": 4, "cli": 5,
}
# Headers of libraries and the only places that may include them.
THIRD_PARTY = {
    r"<CLI/": [r"cli/parse\.cpp", r"cli/parse_inspect\.cpp", r"cli/parse_fleet\.cpp", r"cli/parse_sync\.cpp"],
    r"<curl/": [r"net/curl_\w+\.(cpp|hpp)"],
    r"<toml\+\+/": [r"text/\w+\.cpp"],
    r"<nlohmann/": [r"(model/json|text|engines|registry|ui|profile|bench)/[\w/]+\.cpp", r"model/json/parts\.hpp"],
    r"<yaml-cpp/": [r"(text|profile)/\w+\.cpp"],
    r"<mustache": [r"text/\w+\.cpp"],
    r"<kainjow/": [r"text/\w+\.cpp"],
    r"<openssl/": [r"base/digest\.cpp"],
}
CONCRETE = re.compile(r"\b(RealFs|CurlTransport|RealRunner)\b")


def sources(folder=SRC):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".cpp", ".hpp"))


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


class Layers(unittest.TestCase):
    def test_every_folder_has_a_layer(self):
        folders = {p.name for p in SRC.iterdir() if p.is_dir()}
        self.assertEqual(folders - set(LAYERS), set())

    def test_includes_point_downwards(self):
        wrong = []
        count = 0
        for path in sources():
            relative = path.relative_to(SRC)
            folder = relative.parts[0]
            if folder not in LAYERS:
                continue  # main.cpp, the composition root
            for included in re.findall(r'#include "(\w+)/', path.read_text()):
                count += 1
                if included == folder:
                    continue
                if included not in LAYERS or LAYERS[included] >= LAYERS[folder]:
                    wrong.append(f"{relative} includes {included}/")
        self.assertGreater(count, 200, "the pattern no longer finds includes")
        self.assertEqual(wrong, [])

    def test_third_party_headers_have_few_places(self):
        wrong = []
        for path in sources():
            relative = str(path.relative_to(SRC))
            for header in re.findall(r"#include (<[^>]+>)", path.read_text()):
                for pattern, places in THIRD_PARTY.items():
                    if re.match(pattern, header) and not any(re.fullmatch(place, relative) for place in places):
                        wrong.append(f"{relative} includes {header}")
        self.assertEqual(wrong, [])

    def test_only_main_names_the_real_world(self):
        wrong = [str(path.relative_to(SRC)) for path in sources()
                 if path.name != "main.cpp" and path.relative_to(SRC).parts[0] not in ("sys", "net")
                 and CONCRETE.search(without_comments(path.read_text()))]
        self.assertEqual(wrong, [])

    def test_target_names_stay_in_targets(self):
        names = re.findall(r'(?:\.name|kName) = "([a-z]+-[a-z]+)"', "\n".join(p.read_text() for p in sources(SRC / "targets")))
        self.assertGreaterEqual(len(names), 5)
        wrong = []
        for path in sources():
            relative = path.relative_to(SRC)
            if relative.parts[0] in ("targets",):
                continue
            code = without_comments(path.read_text())
            for name in names:
                # The default of proxy.targets is part of the profile schema; examples in --help name a target.
                if f'"{name}"' in code and str(relative) not in ("model/profile.hpp", "cli/parse.cpp"):
                    wrong.append(f"{relative} names {name}")
        self.assertEqual(wrong, [])

    def test_no_forbidden_constructs(self):
        forbidden = {r"\bconst_cast\b": (), r"std::any\b": (), r"catch \(\.\.\.\)": (), r"\bsystem\(": (),
                     r"std::cout|\bprintf\(": (), r"std::filesystem": ("profile",)}
        wrong = []
        for path in sources():
            code = without_comments(path.read_text())
            for pattern, allowed in forbidden.items():
                if re.search(pattern, code) and path.relative_to(SRC).parts[0] not in allowed:
                    wrong.append(f"{path.relative_to(SRC)}: {pattern}")
        self.assertEqual(wrong, [])


class Sizes(unittest.TestCase):
    def test_files_are_short(self):
        long_files = [f"{p.relative_to(TOP)}: {n}" for folder in ("src", "tests") for p in sources(TOP / folder)
                      if (n := len(p.read_text().splitlines())) > 400]
        self.assertEqual(long_files, [])


class Words(unittest.TestCase):
    def test_nothing_is_left_unfinished(self):
        pattern = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
        wrong = [str(p.relative_to(TOP)) for folder in ("src", "tests", "scripts") for p in (TOP / folder).rglob("*")
                 if p.is_file() and p.suffix in (".cpp", ".hpp", ".py", ".cmake", "") and p.name != "layers_test.py"
                 and pattern.search(p.read_text(errors="replace"))]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
