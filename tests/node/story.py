"""Runs a node test: a world, then one function after another on freshly booted nodes; says what held and what did not."""

import os
import sys
import traceback

import sandbox
from node import Node
from world import FAILURES, HOSTS, PROGRAMS, World, say


class Stage:
    """Nodes of one test program; every node gets an address of its own and is switched off in the end."""

    def __init__(self, world):
        self.world, self.nodes, self.ends = world, [], []

    def node(self, suite):
        number = len(self.nodes) + 1
        node = Node(suite, f"n{number}", f"10.77.1.{10 + number}", self.world)
        self.nodes.append(node)
        return node

    def at_end(self, action):
        """`action` runs when the scene ends, whatever way."""
        self.ends.append(action)

    def clear(self):
        while self.ends:
            self.ends.pop()()
        while self.nodes:
            node = self.nodes.pop()
            node.stop()
            node.discard()


def _tell(scenes, suite):
    world, failed = World(), []
    stage = Stage(world)
    try:
        for scene in scenes:
            try:
                scene(stage, suite)
                say(f"{scene.__name__} on {suite}")
            except FAILURES as error:
                failed.append(scene.__name__)
                print(f"FAILED: {scene.__name__} on {suite}: {str(error)[:3000]}", flush=True)
                if not str(error):
                    traceback.print_exc()
            finally:
                stage.clear()
    finally:
        world.stop()
    print(f"{len(scenes) - len(failed)} passed, {len(failed)} failed", flush=True)
    return 1 if failed else 0


def main(*scenes):
    """Every scene is a function of a Stage and the suite that stands on the command line; further arguments choose among the scenes."""
    suite, only = sys.argv[1], sys.argv[2:]
    chosen = [scene for scene in scenes if not only or scene.__name__ in only]
    if not os.access(os.environ.get("MIRRORCTL", ""), os.X_OK):
        print("SKIP: MIRRORCTL does not name the program to test (cmake --preset static, then build)")
        return sandbox.SKIPPED
    return sandbox.run(PROGRAMS, HOSTS, lambda: _tell(chosen, suite))
