"""The main job in front of your eyes. Run by scripts/demo, and by ctest as a test of itself."""

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "flow"))
import harness  # noqa: E402
import mirrorlab  # noqa: E402

BOLD, DIM, PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


def say(text):
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


def run(box, *words, shown=None):
    """The real binary on the sandbox, its output where a user would see it."""
    print(f"{DIM}$ mirrorctl {shown or ' '.join(words)}{PLAIN}", flush=True)
    began = time.monotonic()
    code = subprocess.run(box.argv(words), cwd=box.base, stdin=subprocess.DEVNULL, env=box.environment(TERM=None) | terminal()).returncode
    return code, time.monotonic() - began


def terminal():
    import os
    return {name: os.environ[name] for name in ("TERM", "COLUMNS", "NO_COLOR") if name in os.environ}


def check(condition, text):
    print(f"  {'ok' if condition else 'NOT OK'}: {text}", flush=True)
    if not condition:
        sys.exit(1)


def demo(box, lab):
    profile = harness.write_profile(box, harness.profile_for(lab), "demo.yaml")
    before = box.snapshot()
    say("Twelve mirrors: fast, slow, dead, lying. Which one would a pull be fastest with?")
    code, _ = run(box, "bench", "--profile", str(profile), shown="bench --profile demo.yaml")
    check(code == 0, "measured; nothing was changed, no root was needed")

    say("What would change on a node whose daemon.json, config.toml and config.json were lived in?")
    code, _ = run(box, "plan", "--profile", str(profile), shown="plan --profile demo.yaml")
    check(code == 0 and not harness.difference(before, box.snapshot()), "shown, not done")

    say("Do it.")
    code, _ = run(box, "apply", "--profile", str(profile), shown="apply --profile demo.yaml")
    after = box.snapshot()
    check(code == 0 and harness.difference(before, after), "written in one transaction")

    say("Again, as cloud-init and Ansible do every hour:")
    code, seconds = run(box, "apply", "--profile", str(profile), shown="apply --profile demo.yaml")
    check(code == 0 and not harness.difference(after, box.snapshot(), times=True),
          f"no file, no time stamp changed, {seconds * 1000:.0f} ms")

    say("And back.")
    code, _ = run(box, "rollback")
    check(code == 0 and not harness.difference(before, box.snapshot()), "every file is byte-identical to what it was")


def main():
    box = harness.Sandbox()
    try:
        with mirrorlab.Lab("demo.yaml") as lab:
            demo(box, lab)
    finally:
        box.close()
    say("That was a sandbox. On a node: mirrorctl bench --profile cn, then sudo mirrorctl apply --profile cn")


if __name__ == "__main__":
    main()
