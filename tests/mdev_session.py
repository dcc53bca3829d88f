# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `modules`: repeats a recorded session.

    mdev_session.py TOOL ARGS    ARGS and what it prints are JSON
"""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

from mdev_tools import FOLDER, UUID, Mdevctl, play_kernel, put, things, wait_for


class Watcher:
    """A program that prints what it is told of devices."""

    def __init__(self, tool):
        self.process = subprocess.Popen([tool, "event", "--event", "lifecycle", "--loop"], stdout=subprocess.PIPE,
                                        text=True)
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self.reader.start()
        # Whether it listens already shows when it is told of something.
        while not self.lines:
            put("mtty/" + UUID % "0", '{"mdev_type":"mtty-1"}')
            time.sleep(0.2)
            os.unlink(FOLDER + "mtty/" + UUID % "0")
        wait_for(lambda: "Undefined" in self.lines[-1])
        self.lines.clear()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.reader.join()
        return self.lines


def session(tool, commands, generated):
    """Commands are words for TOOL, or begin with `mdevctl`, `cat` or `kernel`. Names in which the recorded session had a
    new UUID are replaced by those that come instead, and back in the results."""
    kernel, _mdevctl, watcher = play_kernel(), Mdevctl(), Watcher(tool)
    results, names, events = [], {}, 0
    for command in commands:
        before = things()
        if command[0] == "kernel":
            kernel.order(command[1])
            # The definitions get another parent: each is undefined and defined. Then the parent itself.
            events += 2 * len(before) + 1
        else:
            other = command[0] in ("mdevctl", "cat")
            words = [names.get(word, word) for word in command]
            done = subprocess.run(words if other else [tool, *words], text=True, capture_output=True)
            results.append([done.stdout, done.stderr, done.returncode])
            events += len(before ^ things())
            new = re.match(r"Node device '?(mdev_(?!1{8})\w+)", done.stdout)
            if new:
                names[generated.pop(0)] = new[1]
        wait_for(lambda: len(watcher.lines) >= events)
    text = json.dumps({"results": results, "events": watcher.end()})
    for recorded, new in names.items():
        for form in (str, lambda text: text[5:41].replace("_", "-")):
            text = text.replace(form(new), form(recorded))
    kernel.end()
    print(text)


if __name__ == "__main__":
    session(sys.argv[1], *json.loads(sys.argv[2]))
