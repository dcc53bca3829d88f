# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""How figures are written."""


def spell(us):
    if us is None:
        return "-"
    return "%.2f us" % us if us < 100 else "%.2f ms" % (us / 1e3) if us < 1e5 else "%.0f ms" % (us / 1e3)


def quotient(mine, other):
    return "%.2g" % (mine / other) if other else "-"
