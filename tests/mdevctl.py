#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Plays mdevctl 1.4.0, with its messages as they were recorded, and fails where a test wants it to.

$MDEVCTL_PLAY is a folder. What is asked is added to its file `log`, a line a call: the arguments in brackets, then
the input. Its file `mode`, if there, says what happens instead of the work:
  say TEXT    TEXT and a newline on standard error, status 1
  silent      status 1 without a word
  warn        a warning, then the work
  old         the probe whether `modify` takes JSON fails, as with mdevctl 1.2.0
  kill        ended by a signal
  hang        does not end, nor does its child
  endless     prints without end
  noise       a lot on both outputs, then status 1
  deaf        closes its input unread, then status 1
  print TEXT  prints TEXT and does nothing else
  live        a running device can be changed
  alone       who asks is killed, then the work
  neither     who asks is killed, and then this
"""
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid

PLAY = os.environ["MDEVCTL_PLAY"]
MODE = open(PLAY + "/mode").read() if os.path.exists(PLAY + "/mode") else ""
FOLDER = "/etc/mdevctl.d"
BUS = "/sys/class/mdev_bus"
DEVICES = "/sys/bus/mdev/devices"


def fail(text):
    sys.exit("Error: " + text)


def options(words):
    """The arguments as a dictionary."""
    found, names = {}, {"-u": "uuid", "-p": "parent"}
    words = list(words)
    while words:
        name, _, value = words.pop(0).partition("=")
        name = names.get(name, name.lstrip("-"))
        if not value and name in ("uuid", "parent", "type", "jsonfile"):
            value = words.pop(0)
        found[name] = value
    return found


def path_of(parent, uuid):
    return os.path.join(FOLDER, parent, uuid)


def write(path, config):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        json.dump(dict(config, attrs=config.get("attrs", [])), f, indent=2, ensure_ascii=False)


def defined(given):
    """The parents below which the device is defined, or the one that is named."""
    parents = [given["parent"]] if "parent" in given else os.listdir(FOLDER)
    found = [parent for parent in parents if os.path.isfile(path_of(parent, given["uuid"]))]
    if not found:
        fail("No devices match the specified uuid")
    return found


def define(given, text):
    config = json.loads(text) if text else {"mdev_type": given["type"], "start": "manual"}
    number = given.get("uuid") or str(uuid.uuid4())
    path = path_of(given["parent"], number)
    if os.path.exists(path):
        fail("Cowardly refusing to overwrite existing config %s/%s" % (given["parent"], number))
    write(path, config)
    if "uuid" not in given:
        print(number)


def modify(given, text):
    if "live" in given and "help" not in given:
        if MODE == "live":
            with open(os.path.join(PLAY, "attributes"), "w") as f:
                f.write(text)
            return
        fail("Live modification is not supported for this device type. Changing the device configuration requires "
             "stopping and restarting the device.")
    if "help" in given:
        return
    found = defined(given)
    if len(found) > 1:
        fail("Multiple definitions found for %s, specify a parent" % given["uuid"])
    for parent in found:
        path = path_of(parent, given["uuid"])
        with open(path) as f:
            config = json.loads(text) if text else json.load(f)
        if "auto" in given or "manual" in given:
            config["start"] = "auto" if "auto" in given else "manual"
        write(path, config)


def start(given, text):
    if text:
        parent, config = given["parent"], json.loads(text)
    else:
        found = defined(given)
        if len(found) > 1:
            fail("Multiple definitions found for device %s. Please specify a parent." % given["uuid"])
        parent = found[0]
        with open(path_of(parent, given["uuid"])) as f:
            config = json.load(f)
    number = given.get("uuid") or str(uuid.uuid4())
    folder = os.path.join(BUS, parent)
    if not os.path.exists(folder):
        fail("Unable to find parent device '%s'" % parent)
    kind = os.path.join(folder, "mdev_supported_types", config["mdev_type"])
    if not os.path.isdir(kind):
        fail("Parent %s does not support mdev type %s" % (parent, config["mdev_type"]))
    if os.path.exists(os.path.join(DEVICES, number)):
        fail("Device already exists")
    with open(kind + "/available_instances") as f:
        if int(f.read()) == 0:
            fail("No available instances of %s on %s" % (config["mdev_type"], parent))
    # The real one makes the device, finds that the attribute is not there and removes the device, before udevd tells.
    for attribute in config.get("attrs", []):
        fail("Invalid attribute '%s'" % next(iter(attribute)))
    with open(kind + "/create", "w") as f:
        f.write(number)
    wait_for(lambda: os.path.exists(os.path.join(DEVICES, number)))
    if "uuid" not in given:
        print(number)


def stop(given, _text):
    path = os.path.join(DEVICES, given["uuid"])
    if not os.path.exists(path):
        fail("Device is not active")
    with open(path + "/remove", "w") as f:
        f.write("1")
    wait_for(lambda: not os.path.exists(path))


def list_(given, _text):
    with open(os.path.join(PLAY, "attributes")) as f:
        print(f.read())


def undefine(given, _text):
    for parent in defined(given):
        os.unlink(path_of(parent, given["uuid"]))


def wait_for(condition):
    """The real kernel acts at once."""
    end = time.monotonic() + 0.5
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)


def play(words):
    what, _, text = MODE.partition(" ")
    if what == "say":
        sys.exit(text)
    if what in ("silent", "deaf"):
        os.close(0)
        sys.exit(1)
    if what in ("alone", "neither"):
        os.kill(os.getppid(), signal.SIGKILL)
    if what in ("kill", "neither"):
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        with open(os.path.join(PLAY, "pids"), "w") as f:
            child = subprocess.Popen(["sleep", "1000"])
            f.write("%d %d" % (os.getpid(), child.pid))
        time.sleep(1000)
    if what == "endless":
        while True:
            os.write(1, b"x" * 65536)
    if what == "noise":
        for fd in (1, 2) * 50:
            os.write(fd, b"x" * 65535 + b"\n")
        sys.exit(1)
    if what == "print":
        print(text)
        sys.exit(0)
    if what == "warn":
        print("[WARN] the moon is full", file=sys.stderr)
    if what == "old" and re.search("--help", " ".join(words)):
        sys.exit("error: Found argument '--defined' which wasn't expected")


def main(words):
    is_read = "--jsonfile=/dev/stdin" in words and MODE != "deaf"
    # As mdevctl does: it opens the file by its name.
    text = open("/dev/stdin").read() if is_read else ""
    with open(os.path.join(PLAY, "log"), "a") as log:
        line = "".join(" [%s]" % word for word in words)
        log.write("mdevctl%s%s\n" % (line, " <%s>" % text if text else ""))
    play(words)
    commands = {f.__name__.strip("_"): f for f in (define, modify, start, stop, undefine, list_)}
    commands[words[0]](options(words[1:]), text)


if __name__ == "__main__":
    main(sys.argv[1:])
