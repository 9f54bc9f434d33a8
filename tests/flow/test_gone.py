"""Readers and terminals that go away in the middle of a run: nothing is damaged, nothing is left over, the exit code says what happened."""

import fcntl
import os
import pty
import select
import shutil
import signal
import subprocess
import termios
import time
import unittest

import harness

OFFLINE = ("apply", "--offline", "--allow-unmeasured", "--profile", "cn", "--target", "docker-daemon", "--target", "containerd-hosts")


class Gone(harness.FlowCase):
    scenario = "faults.yaml"

    def assertSettled(self):
        """No transaction is open, and no temporary file stands anywhere."""
        left = [os.path.join(folder, name) for folder, _, files in os.walk(self.box.root) for name in files
                if name == "ACTIVE" or name.endswith(".tmp")]
        self.assertEqual(left, [])

    def assertCommitted(self, times=1):
        transactions = self.document(self.box.run("history", "--json"), "history", 0)["transactions"]
        self.assertEqual([one["outcome"] for one in transactions], ["committed"] * times)
        self.assertSettled()

    def wait_for(self, what, process):
        end = time.monotonic() + 30
        while not what():
            self.assertLess(time.monotonic(), end, "it never came to that")
            self.assertIsNone(process.poll(), "it ended before that")
            time.sleep(0.005)


class Pipes(Gone):
    def head(self, *arguments, stderr_too=True):
        """The first bytes of what the run prints, and its exit code; its reader is gone after them."""
        process = subprocess.Popen(self.box.argv(arguments), cwd=self.box.base, env=self.box.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT if stderr_too else subprocess.DEVNULL)
        try:
            first = process.stdout.read(1)
            process.stdout.close()
            return first, process.wait(harness.TIMEOUT)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def test_what_only_looks(self):
        before = self.box.snapshot()
        for command in (("profile", "show", "cn"), ("plan", *OFFLINE[1:]), ("doctor",), ("targets", "--json"),
                        ("bench", "--profile", self.profile(only=["fast"])), ("bench", "--profile", self.profile(only=["fast"]), "--json")):
            with self.subTest(command):
                self.assertEqual(self.head(*command)[1], self.box.run(*command).code)
        self.assertSame(before, self.box.snapshot())
        self.assertSettled()

    def test_a_race_is_remembered_all_the_same(self):
        first, code = self.head("-v", "bench", "--profile", self.profile(only=["fast", "ok-slow"]))
        self.assertEqual((first, code), (b"m", 0))
        requests = len(self.lab.accesses())
        self.ok(self.box.run("plan", "--profile", self.profile(only=["fast", "ok-slow"]), "--target", "docker-daemon"))
        self.assertEqual(len(self.lab.accesses()), requests, "the ranking was lost")

    def test_apply_and_rollback_go_on(self):
        before = self.box.snapshot()
        for more in ((), ("-v",), ("--json",)):
            with self.subTest(more):
                self.assertEqual(self.head(*more, *OFFLINE, stderr_too=more != ("--json",))[1], 0)
                self.assertNotEqual(harness.difference(before, self.box.snapshot()), [])
                self.assertEqual(self.document(self.box.run(*OFFLINE, "--json"), "apply", 0)["outcome"], "unchanged")
                self.assertEqual(self.head("-v", "rollback")[1], 0)
                self.assertSame(before, self.box.snapshot())
                self.assertSettled()

    def test_nobody_ever_listened(self):
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.Popen(self.box.argv(["-v", *OFFLINE]), cwd=self.box.base, env=self.box.environment(), stdin=subprocess.DEVNULL,
                                   stdout=writer, stderr=writer)
        os.close(writer)
        self.assertEqual(process.wait(harness.TIMEOUT), 0)
        self.assertCommitted()


    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_a_full_disk_behind_stdout_is_told(self):
        """The words are lost: for a command that has nothing but words that is a failure, for one that has done its work it is not."""
        for code, command in ((1, ("profile", "list")), (1, ("plan", *OFFLINE[1:], "--json")), (1, ("--help",)), (0, OFFLINE), (0, ("rollback",))):
            with self.subTest(command), open("/dev/full", "wb") as full:
                done = subprocess.run(self.box.argv(command), cwd=self.box.base, env=self.box.environment(), stdout=full, stderr=subprocess.PIPE,
                                      timeout=harness.TIMEOUT, check=False)
                self.assertEqual(done.returncode, code, done)
                self.assertIn(b"error: cannot write: stdout: No space left on device", done.stderr)
                self.assertSettled()


class Terminal:
    """A run whose controlling terminal can be closed."""

    def __init__(self, test, argv, ignore_hangup=False):
        self.leader, follower = pty.openpty()

        def enter():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if ignore_hangup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)

        self.process = subprocess.Popen(argv, cwd=test.box.base, env=test.box.environment(), stdin=follower, stdout=follower, stderr=follower,
                                        start_new_session=True, preexec_fn=enter)
        os.close(follower)
        test.addCleanup(self.end)

    def wait_for_text(self, word):
        text, end = b"", time.monotonic() + 30
        while word not in text and time.monotonic() < end and select.select([self.leader], [], [], 30)[0]:
            text += os.read(self.leader, 65536)
        assert word in text, text

    def hang_up(self):
        os.close(self.leader)
        self.leader = -1
        return self.process.wait(harness.TIMEOUT)

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.leader >= 0:
            os.close(self.leader)


class Terminals(Gone):
    def stalled(self, **options):
        profile = self.profile(only=["stall-manifest", "fast"], policy={"budget": {"time": "6s"}})
        terminal = Terminal(self, self.box.argv(["apply", "--profile", profile, "--target", "docker-daemon"]), **options)
        terminal.wait_for_text(self.lab.urls["fast"].split("//")[1].encode())
        return terminal

    def test_hang_up_while_measuring(self):
        before = self.box.snapshot()
        self.assertEqual(self.stalled().hang_up(), -signal.SIGHUP)
        self.assertSame(before, self.box.snapshot())
        self.assertCommitted(times=0)
        self.ok(self.box.run(*OFFLINE))
        self.assertCommitted()

    def test_under_nohup_it_goes_on(self):
        self.assertEqual(self.stalled(ignore_hangup=True).hang_up(), 0)
        self.assertIn(self.lab.urls["fast"], self.box.read("etc/docker/daemon.json"))
        self.assertCommitted()

    def slow_down(self, process, call):
        tracer = subprocess.Popen(["strace", "-p", str(process.pid), "-o", os.devnull, "-e", "inject=" + call], stderr=subprocess.PIPE)
        self.addCleanup(lambda: (tracer.terminate(), tracer.communicate()))
        self.assertIn(b"attached", tracer.stderr.readline())

    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    def test_hang_up_while_writing(self):
        """Between two files: the step is finished, what was written goes back. Every swap is made slow, so that the moment is met."""
        before = self.box.snapshot()
        self.ok(self.box.run("recover"))
        with open(self.box.state / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            terminal = Terminal(self, self.box.argv(OFFLINE))
            self.slow_down(terminal.process, "renameat2:delay_enter=150000")
        known = {path for path in before if path.endswith("hosts.toml")}
        written = lambda: {str(path.relative_to(self.box.root)) for path in self.box.path("etc").rglob("hosts.toml")} - known  # noqa: E731
        self.wait_for(written, terminal.process)
        self.assertEqual(terminal.hang_up(), -signal.SIGHUP)
        self.assertSame(before, self.box.snapshot())
        self.assertSettled()
        transactions = self.document(self.box.run("history", "--json"), "history", 0)["transactions"]
        self.assertEqual([one["outcome"] for one in transactions], ["rolled_back"])
