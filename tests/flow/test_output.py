"""What people and programs get to see: --help, --json, terminals, pipes, colours."""

import re
import subprocess
import unittest

import harness

COMMANDS = ["apply", "bench", "plan", "status", "rollback", "reset", "recover", "history", "profile", "profile list", "profile show",
            "profile lint", "targets", "completion"]
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


class Help(harness.FlowCase):
    def test_every_command_has_help_with_an_example(self):
        for command in COMMANDS:
            done = self.box.run(*command.split(), "--help")
            self.assertEqual(done.code, 0, str(done))
            self.assertIn("mirrorctl " + command, done.text)
            self.assertRegex(done.text, r"(?i)example")
            self.assertEqual(done.err, b"")
            self.assertPlain(done.out)

    def test_top(self):
        done = self.ok(self.box.run("--help"))
        for command in ("apply", "bench", "plan", "status", "rollback", "reset", "recover", "history", "profile", "targets", "completion"):
            self.assertRegex(done.text, rf"(?m)^\s+{command}\b")

    def test_version(self):
        done = self.ok(self.box.run("--version"))
        self.assertRegex(done.text, r"^mirrorctl \d+\.\d+\.\d+\n$")

    def test_completion_parses(self):
        for shell in ("bash", "zsh", "fish"):
            done = self.ok(self.box.run("completion", shell))
            self.assertIn("rollback", done.text)
        script = self.box.run("completion", "bash").out
        checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, b""))

    def test_globals_before_and_after_the_command(self):
        for arguments in (["--json", "status"], ["status", "--json"]):
            self.document(self.box.run(*arguments), "status", 0)


class Json(harness.FlowCase):
    def test_every_command_prints_one_document(self):
        profile = self.profile()
        for arguments, command in ((["bench", "--profile", profile], "bench"), (["plan", "--profile", profile], "plan"),
                                   (["apply", "--profile", profile], "apply"), (["status"], "status"), (["history"], "history"),
                                   (["rollback"], "rollback"), (["reset"], "reset"), (["recover"], "recover"), (["targets"], "targets"),
                                   (["profile", "list"], "profile-list"), (["profile", "show", profile], "profile-show"),
                                   (["profile", "lint", profile], "profile-lint")):
            done = self.box.run(*arguments, "--json")
            self.document(done, command, 0)
            self.assertPlain(done.out + done.err)

    def test_errors_are_documents_too(self):
        for arguments, command in ((["bench", "--profile", "nonsense"], "bench"), (["plan", "--profile", "nonsense"], "plan"),
                                   (["apply", "--profile", "nonsense"], "apply"), (["apply", "/nowhere/plan.json"], "apply"),
                                   (["profile", "show", "nonsense"], "profile-show")):
            done = self.box.run(*arguments, "--json")
            self.assertNotEqual(done.code, 0)
            document = self.document(done, command)
            self.assertTrue(document["error"]["code"])
            self.assertTrue(document["error"]["message"])

    def test_usage_errors_are_documents_too(self):
        done = self.box.run("--json", "aply")
        self.assertEqual(done.code, 2)
        self.assertIn('"error"', done.text)

    def test_targets(self):
        document = self.document(self.box.run("targets", "--json"), "targets", 0)
        names = [target["target"] for target in document["targets"]]
        for name in ("docker-daemon", "docker-hosts", "docker-client", "containerd-hosts", "systemd-proxy", "shell-proxy"):
            self.assertIn(name, names)
        detected = {target["target"]: target["detected"] for target in document["targets"]}
        self.assertTrue(detected["docker-daemon"])
        self.assertTrue(detected["containerd-hosts"])

    def test_profiles(self):
        document = self.document(self.box.run("profile", "list", "--json"), "profile-list", 0)
        names = [profile["name"] for profile in document["profiles"]]
        for name in ("cn", "cn-tencent", "cn-aliyun", "cn-huawei", "cn-azure", "global", "aws", "ru", "ir"):
            self.assertIn(name, names)
        for name in names:
            self.document(self.box.run("profile", "show", name, "--json"), "profile-show", 0)


class Pipes(harness.FlowCase):
    def test_no_escape_codes(self):
        profile = self.profile()
        for arguments in (["bench"], ["plan"], ["apply"], ["status"], ["history"], ["targets"]):
            more = ["--profile", profile] if arguments[0] in ("bench", "plan", "apply") else []
            done = self.ok(self.box.run(*arguments, *more))
            self.assertPlain(done.out + done.err)
            self.assertNotIn(b"\r", done.out + done.err)

    def test_bench_has_one_line_for_each_finished_mirror(self):
        done = self.ok(self.box.run("bench", "--profile", self.profile()))
        for name in ("fast", "second", "hub-origin"):
            lines = [line for line in done.errors.splitlines() if self.lab.urls[name].split("//")[1] in line]
            self.assertGreaterEqual(len(lines), 1, str(done))

    def test_data_on_stdout_the_rest_on_stderr(self):
        done = self.ok(self.box.run("bench", "--profile", self.profile()))
        self.assertIn(self.lab.urls["fast"], done.text)
        quiet = self.ok(self.box.run("bench", "--profile", self.profile(), "-q"))
        self.assertEqual(quiet.err, b"")

    def test_colour_when_asked_for(self):
        done = self.ok(self.box.run("--color", "always", "plan", "--profile", self.profile()))
        self.assertRegex(done.out, COLOUR)

    def test_closed_pipe_is_no_crash(self):
        process = self.box.start("profile", "show", "cn")
        process.stdout.close()
        process.stderr.read()
        process.stderr.close()
        self.assertIn(process.wait(harness.TIMEOUT), (0, 1, -13))


class Terminals(harness.FlowCase):
    def test_live_table(self):
        done = self.ok(self.box.run_on_terminal("bench", "--profile", self.profile(), width=100))
        self.assertIn(b"\x1b[", done.out)
        self.assertIn(self.lab.urls["fast"].split("//")[1].encode(), done.out)

    def test_stdout_in_a_pipe_stays_plain(self):
        done = self.ok(self.box.run_on_terminal("bench", "--profile", self.profile(), stdout_too=False))
        self.assertPlain(done.out)
        self.assertIn(b"\x1b[", done.err)

    def test_json_on_a_terminal_is_still_plain(self):
        done = self.box.run_on_terminal("bench", "--profile", self.profile(), "--json", stdout_too=False)
        self.document(done, "bench", 0)

    def test_no_color(self):
        for env, more in (({"NO_COLOR": "1"}, []), ({}, ["--color", "never"]), ({"TERM": "dumb"}, [])):
            done = self.ok(self.box.run_on_terminal("plan", "--profile", self.profile(), *more, env=env))
            self.assertNotRegex(done.out, COLOUR)

    def test_lines_fit(self):
        for width in (40, 60, 80, 132):
            done = self.ok(self.box.run_on_terminal("bench", "--profile", self.profile(), width=width, stdout_too=False))
            for line in re.split(r"[\r\n]", CONTROL.sub("", done.errors)):
                self.assertLessEqual(len(line), width, repr(line))

    def test_tables_fit(self):
        for width in (40, 80, 132):
            done = self.ok(self.box.run_on_terminal("bench", "--profile", self.profile(), "--color", "never", width=width))
            table = done.text[done.text.rindex("\x1b[J") + 3:] if "\x1b[J" in done.text else done.text
            self.assertIn("predicted time to pull", table)
            self.assertEqual([line for line in table.splitlines() if len(line) > width], [])
            self.assertEqual("first byte" in table, width >= 80)
            self.assertEqual("token" in table, width >= 132)

    def test_cursor_comes_back(self):
        done = self.ok(self.box.run_on_terminal("bench", "--profile", self.profile()))
        self.assertEqual(done.out.count(b"\x1b[?25l"), done.out.count(b"\x1b[?25h"))

    def test_hostile_reason_cannot_move_the_cursor(self):
        lab = self.own_lab()
        lab.command('set second fault {kind: unauthorized, type: "Bearer realm=\\"\\e[2J\\e[31mowned\\""}')
        done = self.box.run("bench", "--profile", self.profile(lab))
        self.assertPlain(done.out + done.err)


if __name__ == "__main__":
    unittest.main()
