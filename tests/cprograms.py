# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Builds the C programs of c-tests/ the way a user of the library would."""
import os
import shlex

import kit

SOURCES = os.path.join(kit.ROOT, "c-tests")
STRICT = ["-std=c99", "-pedantic", *kit.WARNINGS, "-O1", "-g"]

# Programs that are a test each: status 0 is success.
TESTS = ["basics", "errors", "error_objects", "handlers", "misuse", "threads", "first_open", "footprint",
         "testdriver", "header", "unwinding", "closing"]
# Threads that end in functions of a program: 32-bit ARM unwinds no C that was compiled without this.
UNWINDS = ["unwinding"]


def package_flags(*arguments, path=None):
    """What pkg-config says of the installed library, with the place to find it at run time."""
    env = kit.environment()
    if path:
        env["PKG_CONFIG_PATH"] = path
    words = shlex.split(kit.checked("pkg-config", *arguments, env=env).stdout)
    return words + ["-Wl,-rpath," + kit.LIBDIR]


def compile_c(name, *flags, output=None, compiler=kit.CC):
    """Compiles c-tests/NAME.c and returns the program's path."""
    output = os.path.join(kit.BIN, output or name)
    kit.checked(compiler, *[f for f in STRICT if compiler != "c++" or f != "-std=c99"], *["-fexceptions"] * (name in UNWINDS),
                *(["-std=c++11", "-x", "c++"] if compiler == "c++" else []),
                os.path.join(SOURCES, name + ".c"), "-o", output,
                *(["-x", "none"] if compiler == "c++" else []), *flags, "-pthread")
    return output


def run_environment():
    """For the test programs: the recording that they open."""
    env = kit.environment(VND_TEST_TREE=kit.extract(kit.machine_archive("base")))
    del env["LD_LIBRARY_PATH"]  # the programs have to find the library by their rpath
    return env
