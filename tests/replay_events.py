# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay: performs what was done to a machine, step by step, and prints what the library tells.

    replay_events.py SEQUENCE [NODEDEV]

With NODEDEV, that program prints the events too, those of each type in a process. Each line is "STEP<tab>EVENT"; the words
are those of the recorded logs. test_event_replay.py compares. The messages between, which udevd sends too and libvirt
ignores, are sent as well.
"""
import sys

from replay_made import Forged, Kinds, Outside, Overrun, Stuck, Udevd
from replay_recorded import Events, Mdev, Npiv, Sriov

if __name__ == "__main__":
    kind = {"events": Events, "sriov": Sriov, "npiv": Npiv, "mdev": Mdev, "udevd": Udevd, "kinds": Kinds, "overrun": Overrun,
            "outside": Outside, "forged": Forged, "stuck": Stuck}[sys.argv[1]]
    steps = kind(*sys.argv[2:])
    before = steps.machine.fresh_documents()
    steps.run()
    steps.end()
    after, fresh = steps.machine.documents(), steps.machine.fresh_documents()
    for name in set(after) | set(fresh):
        if after.get(name) != fresh.get(name):
            print("stale\t%s" % name)
    for name in set(before) & set(after):
        if before[name] != after[name]:
            print("differs\t%s" % name)
