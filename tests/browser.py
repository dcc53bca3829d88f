# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A headless Chromium, driven over a pipe by the DevTools protocol: messages are JSON, each ended by a NUL."""
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

import foreign
import kit

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Without a sandbox, which needs namespaces or a program with more rights.
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update
    --disable-sync --disable-dev-shm-usage --hide-scrollbars --remote-debugging-pipe""".split()
# Chromium reads the descriptor 3 and writes to 4. The numbers given are above these.
START = "import os, sys; [os.dup2(int(fd), n) for n, fd in enumerate(sys.argv[1:3], 3)]; os.execv(sys.argv[3], sys.argv[3:])"
LOWEST = 10
TIMEOUT = 60  # seconds


def program():
    """The browser's path; without one the test is skipped, or fails where everything should be there."""
    return foreign.need("Chromium", next(filter(None, map(shutil.which, PROGRAMS)), None))


def _pipe():
    low = os.pipe()
    ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, LOWEST) for fd in low]
    for fd in low:
        os.close(fd)
    return ends


class Browser:
    """One page. What went wrong in it is in `errors`."""

    def __init__(self):
        path = program()
        self.profile = tempfile.mkdtemp(dir=kit.temp())
        (its_input, self.writing), (self.reading, its_output) = _pipe(), _pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(its_input), str(its_output), path, *FLAGS,
             "--user-data-dir=" + self.profile, "about:blank"],
            pass_fds=(its_input, its_output), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(foreign.own_environment(), HOME=self.profile))
        os.close(its_input)
        os.close(its_output)
        self.number, self.received, self.session, self.events, self.errors = 0, b"", None, [], []
        try:
            self._attach()
        except AssertionError:
            self.process.kill()
            raise

    def _attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        self.session = None
        try:
            # Its other processes end before it does.
            self.call("Browser.close")
            self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            self.process.wait()
        os.close(self.writing)
        os.close(self.reading)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _message(self, deadline):
        while b"\0" not in self.received:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.reading], [], [], left)[0]:
                raise AssertionError("the browser does not answer")
            more = os.read(self.reading, 1 << 20)
            if not more:
                raise AssertionError("the browser ended with status %s" % self.process.wait())
            self.received += more
        message, _, self.received = self.received.partition(b"\0")
        return json.loads(message)

    def _note(self, message):
        self.events.append(message["method"])
        method, params = message["method"], message["params"]
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith("file:"):
            self.errors.append("asks for " + params["request"]["url"])

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT
        while True:
            answer = self._message(deadline)
            if "method" in answer:
                self._note(answer)
            elif answer["id"] == self.number:
                if "error" in answer:
                    raise AssertionError("%s: %s" % (method, answer["error"]))
                return answer["result"]

    def open(self, path, scheme="light"):
        """Shows a file. Returns the seconds until it is drawn."""
        self.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._go("about:blank")
        self.errors.clear()
        begin = time.monotonic()
        self._go("file://" + path)
        self.drawn()
        return time.monotonic() - begin

    def _go(self, address):
        self.events.clear()
        self.call("Page.navigate", url=address)
        deadline = time.monotonic() + TIMEOUT
        while "Page.loadEventFired" not in self.events:
            message = self._message(deadline)
            if "method" in message:
                self._note(message)

    def drawn(self):
        """Waits until all changes are laid out and painted."""
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def ask(self, expression):
        """The value of an expression of JavaScript."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise AssertionError("%s: %s" % (expression, done["exceptionDetails"]))
        return done["result"].get("value")

    def press(self, key, code=None, **more):
        """Presses a key, as a person would."""
        what = dict(key=key, code=key, windowsVirtualKeyCode=code or 0, **more)
        self.call("Input.dispatchKeyEvent", type="rawKeyDown" if len(key) > 1 else "keyDown", **what)
        self.call("Input.dispatchKeyEvent", type="keyUp", **what)

    def type(self, text):
        for letter in text:
            self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=letter)
