# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The modules of the Python package import each other in one direction only.

Every import counts: those inside functions, and those that only type checkers read.
"""
import ast
import os
import tempfile
import unittest

PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "virnodedev")


def imports(folder):
    """For each module of a package the others that it imports."""
    package = os.path.basename(folder)
    modules = {name[:-3] for name in os.listdir(folder) if name.endswith(".py")}
    found = {}
    for module in sorted(modules):
        with open(os.path.join(folder, module + ".py"), encoding="utf-8") as f:
            tree = ast.parse(f.read())
        targets = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                path = (node.module or "").split(".")
                if not node.level and path.pop(0) != package:
                    continue
                # `from . import a, b` names modules, `from .a import b` what is in one.
                targets.update([path[0]] if path and path[0] else [alias.name for alias in node.names])
            elif isinstance(node, ast.Import):
                paths = [alias.name.split(".") for alias in node.names]
                targets.update((path + ["__init__"])[1] for path in paths if path[0] == package)
        found[module] = (targets & modules) - {module}
    return found


def circle(graph):
    """Modules each of which imports the next and the last the first; nothing where there is no circle."""
    done = set()

    def search(module, way):
        if module in way:
            return way[way.index(module):]
        if module in done:
            return []
        for target in sorted(graph[module]):
            found = search(target, way + [module])
            if found:
                return found
        done.add(module)
        return []

    for module in sorted(graph):
        found = search(module, [])
        if found:
            return found
    return []


class Imports(unittest.TestCase):
    def test_there_is_no_circle(self):
        graph = imports(PACKAGE)
        self.assertEqual(circle(graph), [])
        self.assertIn("_objects", graph["__init__"])
        self.assertIn("_stream", graph["_objects"])
        self.note = "%d modules, %d imports" % (len(graph), sum(map(len, graph.values())))

    def test_circles_are_seen(self):
        down = {"__init__": "from .a import *\n", "a": "from . import b\n", "b": "import os\nfrom os import path\n"}
        back = ["from .a import x\n", "from . import a\n", "def f():\n    from . import a\n",
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import x\n",
                "import package.a\n", "from package import a\n", "from package.a import x\n"]
        self.assertEqual(self.circle_of(down), [])
        for text in back:
            self.assertEqual(self.circle_of(dict(down, b=text)), ["a", "b"], text)
        self.assertEqual(self.circle_of(dict(down, b="import package\n")), ["__init__", "a", "b"])

    @staticmethod
    def circle_of(files):
        with tempfile.TemporaryDirectory() as top:
            folder = os.path.join(top, "package")
            os.mkdir(folder)
            for name, text in files.items():
                with open(os.path.join(folder, name + ".py"), "w", encoding="utf-8") as f:
                    f.write(text)
            return circle(imports(folder))
