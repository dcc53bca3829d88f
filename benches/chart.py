# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Draws how figures grow with the number of devices: panels side by side, both axes logarithmic, as SVG."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, GAP, TOP = 260, 220, 90, 50
COLOURS = ("#1b6ca8", "#c05a1c")


def spell(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return "%g%s" % (value / size, letter)
    return "%g" % value


def powers(values):
    """The powers of ten around these values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def line(points, colour):
    """A line through points, each of which has a dot."""
    text = " ".join("%.1f,%.1f" % point for point in points)
    dots = "".join('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*point, colour) for point in points)
    return '<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>%s\n' % (text, colour, dots)


def panel(left, title, unit, rows):
    """`rows` are (devices, ours, theirs); what was not measured is None."""
    x_low, x_high = powers([row[0] for row in rows])
    y_low, y_high = powers([value for row in rows for value in row[1:] if value])

    def place(devices, value):
        x = (math.log10(devices) - x_low) / (x_high - x_low)
        y = (math.log10(value) - y_low) / (y_high - y_low)
        return left + x * WIDTH, TOP + HEIGHT * (1 - y)

    out = ['<text x="%d" y="%d" font-weight="bold">%s (%s)</text>\n' % (left, TOP - 12, escape(title), unit)]
    for power in range(x_low, x_high + 1):
        x, _ = place(10.0 ** power, 10.0 ** y_low)
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>' % (x, TOP, x, TOP + HEIGHT))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>\n' % (x, TOP + HEIGHT + 16, spell(10.0 ** power)))
    for power in range(y_low, y_high + 1):
        _, y = place(10.0 ** x_low, 10.0 ** power)
        out.append('<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>' % (left, y, left + WIDTH, y))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>\n' % (left - 6, y + 4, spell(10.0 ** power)))
    for column, colour in enumerate(COLOURS, 1):
        points = [place(row[0], row[column]) for row in rows if row[column]]
        if points:
            out.append(line(points, colour))
    out.append('<text x="%.1f" y="%d" text-anchor="middle">devices</text>\n' % (left + WIDTH / 2, TOP + HEIGHT + 34))
    return "".join(out)


def svg(panels, names):
    """`panels` are (title, unit, rows); `names` are those of the two lines, None for one that is not there."""
    width, height = GAP + len(panels) * (WIDTH + GAP), TOP + HEIGHT + 70
    out = ["<!-- SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 -->\n",
           '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">\n' % (width, height),
           '<rect width="100%" height="100%" fill="white"/>\n']
    for index, (title, unit, rows) in enumerate(panels):
        out.append(panel(GAP + index * (WIDTH + GAP), title, unit, rows))
    x = GAP
    for name, colour in zip(names, COLOURS):
        if name:
            out.append('<rect x="%d" y="%d" width="12" height="12" fill="%s"/>' % (x, height - 24, colour))
            out.append('<text x="%d" y="%d">%s</text>\n' % (x + 18, height - 14, escape(name)))
            x += 18 + 8 * len(name) + 30
    return "".join(out) + "</svg>\n"
