"""The real program under strace: only the child without privileges meets strangers, it writes nothing, and its death is a rejection."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "flow")]

import harness  # noqa: E402

SKIPPED = 77
NOBODY = 65534
PATIENT = {"budget": {"time": "20s"}}  # races of a part of the field get a part of it, on a busy machine too
CALLS = ("socket,connect,sendto,sendmsg,sendmmsg,bind,open,openat,creat,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,symlinkat,rename,"
         "renameat,renameat2,unlink,unlinkat,rmdir,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,setxattr,"
         "fsetxattr,execve,clone,fork,vfork,setgroups,setresgid,setresuid,capset,prctl,seccomp,write,pwrite64")
# What a child gives up, in this order, before anything else.
GIVES_UP = ("setgroups(0, NULL)", f"setresgid({NOBODY}, {NOBODY}, {NOBODY})", f"setresuid({NOBODY}, {NOBODY}, {NOBODY})",
            "capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=0, permitted=0, inheritable=0})",
            "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)", "seccomp(SECCOMP_SET_MODE_FILTER, 0, ")
CHANGES = re.compile(r"(creat|mkdir|mknod|link|symlink|rename|unlink|rmdir|truncate|chmod|chown|setxattr|ftruncate|fchmod|fchown|lchown|"
                     r"fsetxattr|execve|fork|vfork)(at2?)?\(")
# In a build with sanitizers the crash must look as it does for users, and no leaks are looked for under a tracer.
SANITIZER = {"ASAN_OPTIONS": "detect_leaks=0:handle_segv=0:allow_user_segv_handler=1"}


class Trace:
    """The calls of a run, for each thread."""

    def __init__(self, folder, argv, environment):
        self.done = subprocess.run(["strace", "-qq", "-ff", "-s", "64", "-o", str(folder / "trace"), "-e", f"trace={CALLS}", *argv], cwd=folder,
                                   env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=harness.TIMEOUT)
        self.calls = {int(path.suffix[1:]): path.read_text(errors="replace").splitlines() for path in folder.glob("trace.*")}
        self.children = [self.family(pid) for pid, lines in self.calls.items() if any(GIVES_UP[2] in line for line in lines)]

    def family(self, pid):
        """The thread and those that it started, as one list per thread; its own comes first."""
        started = [int(found[1]) for line in self.calls[pid] if (found := re.match(r"clone\(.*CLONE_THREAD.*= (\d+)$", line))]
        return [self.calls[pid], *(lines for thread in started for lines in self.family(thread))]

    @property
    def others(self):
        mine = [lines for family in self.children for lines in family]
        return [lines for lines in self.calls.values() if not any(lines is one for one in mine)]


def to_the_network(line):
    return re.match(r"(socket|connect|sendto|sendmsg|bind)\(.*\bAF_(INET6?|NETLINK|PACKET)\b", line)


class Apart(harness.FlowCase):
    scenario = "faults.yaml"

    def trace(self, *arguments):
        folder = self.box.base / f"trace{len(list(self.box.base.glob('trace*')))}"
        folder.mkdir()
        return Trace(folder, self.box.argv(arguments), self.box.environment(**SANITIZER))

    def world(self, *names):
        """A profile of these mirrors, and one whose name nobody knows: asking for it takes a thread."""
        profile = harness.profile_for(self.lab, only=names)
        profile["upstreams"]["docker.io"]["mirrors"].append({
            "url": "http://mirror.invalid", "insecure": True, "trust": "resolve", "operator": "nobody", "as_of": "2026-11-01", "source": "tests"})
        return harness.write_profile(self.box, profile)

    def check_child(self, family):
        own = family[0]
        at = -1
        for step in GIVES_UP:
            places = [i for i, line in enumerate(own) if line.startswith(step) and line.rstrip().endswith("= 0")]
            self.assertTrue(places, f"it never came to {step}")
            self.assertGreater(places[-1], at, f"{step} came too early")
            at = places[-1]
        before, after = own[:at], [*own[at:], *(line for lines in family[1:] for line in lines)]
        self.assertEqual([line for line in before if to_the_network(line)], [], "it met strangers with privileges")
        writable = re.compile(r"open(at)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC)")
        self.assertEqual([line for line in before if writable.match(line) and '"/dev/null"' not in line], [])
        could = [line for line in after if (writable.match(line) or CHANGES.match(line)) and not re.search(r"= -1 E\w+", line)]
        self.assertEqual(could, [], "it changed something")
        opened = [line for line in after if re.match(r"open(at)?\(", line)]
        self.assertTrue(opened, "a trace without opens is no trace")
        return [line for line in after if to_the_network(line)]

    def check(self, *arguments):
        trace = self.trace(*arguments)
        self.assertIn(trace.done.returncode, (0, 1, 8), trace.done)
        met = [line for lines in trace.others for line in lines if to_the_network(line)]
        self.assertEqual(met, [], "not only the child met strangers")
        connected = [line for family in trace.children for line in self.check_child(family)]
        return trace, connected

    def test_only_the_child_meets_strangers(self):
        profile = self.world("fast", "ok-bearer", "ok-tls", "ok-redirect")
        for command in (("bench",), ("plan", "--fresh", "--target", "docker-daemon"), ("apply", "--fresh", "--target", "docker-daemon")):
            with self.subTest(command[0]):
                trace, connected = self.check(*command, "--profile", profile)
                self.assertEqual(trace.done.returncode, 0, trace.done)
                self.assertEqual(len(trace.children), 1)
                self.assertGreater(len(trace.children[0]), 1, "no thread asked for a name")
                self.assertGreaterEqual(sum("connect(" in line for line in connected), 5, connected)

    def test_copies_are_made_in_the_child(self):
        """From a mirror that is asked for a token to one that takes no pushes: both are met, and told about."""
        source, destination = (self.lab.urls[name].removeprefix("http://") for name in ("ok-bearer", "fast"))
        image = next(iter(self.lab.upstreams["docker.io"]))["image"]
        trace, connected = self.check("sync", f"{source}/{image}", "--to", f"{destination}/copies")
        self.assertEqual(trace.done.returncode, 1, trace.done)
        self.assertIn(b"1 failed", trace.done.stdout)
        self.assertEqual(len(trace.children), 1)
        ports = {int(found[1]) for line in connected if (found := re.search(r"connect\(.*htons\((\d+)\)", line))}
        self.assertLessEqual({int(host.rsplit(":", 1)[1]) for host in (source, destination)}, ports)

    def test_others_meet_nobody(self):
        for command in (("doctor",), ("status",), ("explain", "busybox"), ("history",), ("profile", "list"), ("targets",),
                        ("apply", "--offline", "--allow-unmeasured", "--profile", self.world("fast"), "--target", "docker-daemon"),
                        ("rollback",), ("reset",), ("recover",)):
            with self.subTest(command[0]):
                trace, _ = self.check(*command)
                self.assertEqual(trace.children, [])


class Crash(harness.FlowCase):
    """The child dies while it waits for a mirror that stalls. Then there is nothing but a mirror that is not used."""

    scenario = "faults.yaml"

    def setUp(self):
        super().setUp()
        self.running = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def start(self, *arguments):
        process = self.box.start(*arguments, env=SANITIZER)
        self.running.append(process)
        return process

    @staticmethod
    def children(process):
        return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]

    def waiting_child(self, process, known=()):
        """The pid of its child once it has a connection to some mirror."""
        end = time.monotonic() + 20
        while time.monotonic() < end and process.poll() is None:
            for pid in self.children(process):
                if pid not in known and any("socket:" in link for link in self.descriptors(pid).values()):
                    return pid
            time.sleep(0.01)
        self.fail(f"no child waits: {process.poll()} {process.communicate() if process.poll() is not None else ''}")

    @staticmethod
    def descriptors(pid):
        found = {}
        for path in Path(f"/proc/{pid}/fd").iterdir():
            try:
                found[int(path.name)] = os.readlink(path)
            except FileNotFoundError:
                continue  # closed meanwhile
        return found

    def finish(self, process):
        out, err = process.communicate(timeout=harness.TIMEOUT)
        return harness.Done(process.args, process.returncode, out, err)

    def test_what_the_child_is(self):
        process = self.start("bench", "--profile", self.profile(only=["stall-manifest"]), "--budget", "10s")
        child = self.waiting_child(process)
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines() if ":\t" in line)
        expected = {"Uid": f"{NOBODY}\t" * 3 + str(NOBODY), "Gid": f"{NOBODY}\t" * 3 + str(NOBODY), "Groups": "", "NoNewPrivs": "1",
                    "CapInh": "0" * 16, "CapPrm": "0" * 16, "CapEff": "0" * 16, "CapAmb": "0" * 16, "Seccomp": "2"}
        self.assertEqual({name: status[name].strip() for name in expected}, expected)
        limits = Path(f"/proc/{child}/limits").read_text()
        self.assertRegex(limits, r"(?m)^Max file size +0 +0 ")
        self.assertRegex(limits, r"(?m)^Max core file size +0 +0 ")
        descriptors = self.descriptors(child)
        self.assertEqual({descriptors[fd] for fd in (0, 1, 2)}, {"/dev/null"})
        self.assertRegex(descriptors[3], "^pipe:")
        # No file of this machine is open: not even those that root held when the child began.
        self.assertEqual([link for fd, link in descriptors.items() if fd > 2 and not re.match("(pipe|socket|anon_inode):", link)], [])
        os.kill(process.pid, signal.SIGTERM)
        self.finish(process)
        self.assertFalse(Path(f"/proc/{child}").exists(), "it outlived its parent")

    def test_while_it_copies(self):
        host = self.lab.urls["stall-manifest"].removeprefix("http://")
        process = self.start("sync", f"{host}/library/busybox:1.36", "--to", "127.0.0.1:1/copies", "--json")
        os.kill(self.waiting_child(process), signal.SIGSEGV)
        done = self.finish(process)
        self.assertEqual(done.code, 1, str(done))
        self.assertRegex(done.errors, r"the process that talks to registries crashed \(signal 11\)")
        self.assertIn("run it again", done.errors)

    def test_alone_nothing_is_left_to_use(self):
        before = self.box.snapshot()
        profile = self.profile(only=["stall-manifest"])
        profile.write_text(profile.read_text().replace("fallback: origin", "fallback: none"))
        process = self.start("apply", "--profile", profile, "--target", "docker-daemon", "--json")
        os.kill(self.waiting_child(process), signal.SIGSEGV)
        done = self.finish(process)
        document = self.document(done, "apply", 8)
        self.assertEqual(document["changed"], False)
        self.assertIn("no usable mirror", document["error"]["message"], str(done))
        self.assertRegex(done.text + done.errors, r"crashed the process that measures: .*crashed \(signal 11\)")
        self.assertSame(before, self.box.snapshot(), times=True)
        self.assertFalse((self.box.state / "ACTIVE").exists())

    def test_the_others_are_measured_all_the_same(self):
        process = self.start("apply", "--profile", self.profile(only=["stall-manifest", "fast"], policy=PATIENT),
                             "--target", "docker-daemon", "--json")
        os.kill(self.waiting_child(process), signal.SIGSEGV)
        document = self.document(self.finish(process), "apply", 0)
        self.assertEqual([one["url"] for one in document["mirrors"]["docker.io"]][0], self.lab.urls["fast"])
        self.assertEqual(document["outcome"], "committed")

    def test_while_the_mirrors_in_use_are_checked(self):
        """A check that comes to no end tells nothing: the race is run, and finds what is to be found."""
        lab = self.own_lab()
        profile = self.profile(lab, policy={"recheck": "1s", "keep": 1, **PATIENT})
        command = ("apply", "--profile", profile, "--target", "docker-daemon", "--upstream", "docker.io", "--json")
        first = self.document(self.box.run(*command), "apply", 0)
        self.assertEqual([one["url"] for one in first["mirrors"]["docker.io"]], [lab.urls["fast"]])
        time.sleep(1.1)
        lab.command("set fast fault hole")
        process = self.start(*command)
        os.kill(self.waiting_child(process), signal.SIGSEGV)
        second = self.document(self.finish(process), "apply", 0)
        self.assertEqual([one["url"] for one in second["mirrors"]["docker.io"]], [lab.urls["second"]])
        self.assertEqual(second["outcome"], "committed")

    def test_one_that_crashes_it_each_time(self):
        """Whoever of them is asked together with the stalling mirror loses nothing; only that one is rejected."""
        process = self.start("bench", "--profile", self.profile(only=["stall-manifest", "fast", "ok-slow"], policy=PATIENT),
                             "--json")
        stalling = int(self.lab.urls["stall-manifest"].rsplit(":", 1)[1])
        killed = set()
        while process.poll() is None:
            for pid in self.children(process) if process.poll() is None else ():
                if pid not in killed and stalling in remote_ports(pid):
                    killed.add(pid)
                    os.kill(pid, signal.SIGSEGV)
            time.sleep(0.01)
        document = self.document(self.finish(process), "bench", 0)
        ranking = {one["url"]: one for one in document["upstreams"]["docker.io"]["ranking"]}
        crashed = ranking[self.lab.urls["stall-manifest"]]
        self.assertEqual((crashed["verdict"], crashed["fault"]), ("rejected", "crash"))
        self.assertEqual([ranking[self.lab.urls[name]]["verdict"] for name in ("fast", "ok-slow")], ["usable"] * 2, document)
        self.assertGreaterEqual(len(killed), 2)


def remote_ports(pid):
    """Of the TCP connections that this process holds."""
    try:
        held = {found[1] for path in Path(f"/proc/{pid}/fd").iterdir() if (found := re.match(r"socket:\[(\d+)\]", os.readlink(path)))}
        lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    except (FileNotFoundError, ProcessLookupError):
        return set()  # it ended meanwhile
    return {int(words[2].rsplit(":", 1)[1], 16) for words in lines if words[9] in held}


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: only root has privileges to give up")
        sys.exit(SKIPPED)
    if not shutil.which("strace"):
        print("skipped: needs strace")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
