"""The manual page says what --help says, no more and no less, and prints without a complaint."""

import re
import shutil
import subprocess
import unittest
from pathlib import Path

import harness

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "scripts/man/mirrorctl.8"
OPTION = re.compile(r"-{1,2}[A-Za-z][\w-]*")


def section(title, mark="Sh"):
    """The lines between this heading and the next of its kind."""
    found = re.search(rf"^\.{mark} {re.escape(title)}\n(.*?)(?=^\.{mark} |^\.Sh |\Z)", PAGE.read_text(), re.M | re.S)
    assert found, f"the page has no {title}"
    return found.group(1)


def options_of_page():
    """(command, option) of all option sections; '' is the command of the global ones."""
    pairs = set()
    for title in re.findall(r"^\.Ss (.*)$", section("OPTIONS"), re.M):
        commands = [""] if title == "Global options" else title.removeprefix("Options of ").split(", ")
        for item in re.findall(r"^\.It (Fl .*)$", section(title, "Ss"), re.M):
            for flag in re.findall(r"Fl (-?[\w-]+)", item):
                pairs.update((command, "-" + flag) for command in commands)
    return pairs


class Manual(harness.FlowCase):
    def help_of(self, command):
        return self.ok(self.box.run(*command.split(), "--help")).text

    def subcommands(self, command=""):
        """Those without children, and the groups that only hold others."""
        text = self.help_of(command)
        if "\nSubcommands:\n" not in text:
            return [command]
        block = text.split("\nSubcommands:\n")[1].split("\n\n")[0]
        names = re.findall(r"^  (\w[\w-]*)", block, re.M)
        return [leaf for name in names for leaf in self.subcommands(f"{command} {name}".strip())]

    def options(self, command):
        block = self.help_of(command).split("\nOptions:\n")[1].split("\n\n")[0]
        flags = {flag for line in re.findall(r"^  (-\S+)", block, re.M) for flag in OPTION.findall(line)}
        return flags if command == "" else flags - {"-h", "--help"}

    def test_commands(self):
        in_page = [re.sub(r" (Op )?Ar .*", "", words) for words in re.findall(r"^\.It Cm (.*)$", section("COMMANDS"), re.M)]
        in_help = self.subcommands()
        self.assertGreater(len(in_help), 12)
        self.assertEqual(sorted(in_page), sorted(in_help))

    def test_options(self):
        in_help = {(command, flag) for command in ["", *self.subcommands()] for flag in self.options(command)}
        self.assertGreater(len(in_help), 50)
        in_page = options_of_page()
        self.assertEqual(in_page - in_help, set(), "only in the manual page")
        self.assertEqual(in_help - in_page, set(), "only in --help")

    def test_options_are_described_once(self):
        items = re.findall(r"^\.It (Fl .*)$", section("OPTIONS"), re.M)
        self.assertEqual(sorted(items), sorted(set(items)))

    def test_exit_status(self):
        in_page = re.findall(r"^\.It (\d+)$", section("EXIT STATUS"), re.M)
        in_readme = re.findall(r"^\| (\d+) \|", (TOP / "README.md").read_text(), re.M)
        self.assertEqual(in_page, in_readme)

    def test_keys_of_the_configuration(self):
        """The same in what the program reads, in the page and in the README."""
        fields = re.search(r"kConfigFields\[\] = \{(.*?)\};", (TOP / "src/profile/shape.cpp").read_text(), re.S).group(1)
        known = set(re.findall(r'\{"(\w+)"', fields)) - {"schema"}
        self.assertGreater(len(known), 5)
        in_page = re.search(r"^\.It Pa /etc/mirrorctl/config\.yaml\nDefaults of this node:\n\.Li (.*) \.$", section("FILES"), re.M).group(1)
        self.assertEqual(set(in_page.split(" , ")), known)
        in_readme = re.search(r"config\.yaml` holds the defaults of a node: (.*)\.$", (TOP / "README.md").read_text(), re.M).group(1)
        self.assertEqual(set(re.findall(r"`(\w+)`", in_readme)), known)

    def test_environment(self):
        """All that the program asks of its environment, but who it runs for."""
        asked = set()
        for source in (TOP / "src").rglob("*.cpp"):
            asked.update(re.findall(r'\b(?:env|environment)\("([A-Z_]+)"\)', source.read_text()))
        in_page = set(re.findall(r"\bEv ([A-Z_]+)", section("ENVIRONMENT")))
        self.assertIn("MIRRORCTL_COLUMNS", asked)
        self.assertEqual(asked - {"HOME", "SUDO_UID", "SUDO_USER"} - in_page, set())

    def test_prints_without_complaint(self):
        done = subprocess.run(["man", "--warnings=all", "--encoding=UTF-8", "-l", PAGE], capture_output=True, check=False, timeout=60,
                              env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "TERM": "dumb"})
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        text = re.sub(r".\x08", "", done.stdout.decode())
        for word in ("--profile P", "EXIT STATUS", "make container image pulls fast"):
            self.assertIn(word, text)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc here (scripts/setup --full installs it)")
    def test_lint(self):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", PAGE], capture_output=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
