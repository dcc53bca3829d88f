# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What the Python tests share: where things are, how to run programs, how to report.

scripts/check installs the library into build/check/prefix and runs each test module of this
folder as `python3 tests/kit.py MODULE`. Every test gives one line: PASS, FAIL or SKIP, its name,
a note. Details go to build/check/.
"""
import atexit
import collections
import glob
import gzip
import importlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("CHECK_DIR") or os.path.join(ROOT, "build", "check")
PREFIX = os.environ.get("CHECK_PREFIX") or os.path.join(BUILD, "prefix")
# A copy that is installed there already, with CHECK_INSTALLED: nothing is built.
INSTALLED = bool(os.environ.get("CHECK_INSTALLED"))


def _libdir():
    """PREFIX/lib, or where below PREFIX an installed copy has its pkg-config file (lib64, lib/x86_64-linux-gnu)."""
    places = sorted(glob.glob(os.path.join(PREFIX, "lib*", "pkgconfig", "virnodedev.pc")) +
                    glob.glob(os.path.join(PREFIX, "lib*", "*", "pkgconfig", "virnodedev.pc"))) if INSTALLED else []
    return os.path.dirname(os.path.dirname(places[0])) if places else os.path.join(PREFIX, "lib")


LIBDIR = _libdir()
BIN = os.path.join(BUILD, "bin")
DATA = os.path.join(ROOT, "tests", "data")
MACHINES = os.path.join(DATA, "machines")
PCI_IDS = os.path.join(DATA, "pci.ids.gz")
SCHEMA = os.path.join(DATA, "nodedev.rng")
SYMBOLS = os.path.join(ROOT, "compat", "symbols.tsv")
SCRIPTS = os.path.join(ROOT, "scripts")
SYSTEM_SCHEMA = "/usr/share/libvirt/schemas/nodedev.rng"
NOBODY = 65534
# The C compiler of what is tested, which may be another machine's.
CC = os.environ.get("CC") or "cc"
# Whether programs are run by an emulator, which takes ten times as long and has threads of its own.
EMULATED = bool(os.environ.get("CHECK_EMULATED"))
# Where pkg-config looked before the tests had it look in their own folder.
BUILT_WITH = "CHECK_BUILT_WITH_PKG_CONFIG_PATH"
# What a compiler warns of is an error where that is wanted, as in continuous integration.
WARNINGS = ["-Wall", "-Wextra", *os.environ.get("WERROR", "").split()]
SKIPPED = 77  # exit status of scripts/replay for a missing privilege

_temp = None


def machine_names(folder=MACHINES):
    """The recorded machines of a folder."""
    return sorted(name for name in os.listdir(folder) if os.path.exists(machine_archive(name, folder)))


def temp():
    """A folder of this process that every user can read, on tmpfs if there is one."""
    global _temp
    if _temp is None:
        shm = "/dev/shm"
        _temp = tempfile.mkdtemp(prefix="vnd-check-", dir=shm if os.access(shm, os.W_OK) else None)
        os.chmod(_temp, 0o755)
        atexit.register(_remove_temp, os.getpid())
    return _temp


def _remove_temp(owner):
    if os.getpid() == owner:
        subprocess.run(["chmod", "-R", "u+rwX", _temp], stderr=subprocess.DEVNULL)
        shutil.rmtree(_temp, ignore_errors=True)


def keeps_directory_order(folder):
    """Whether entries of a new directory are listed newest first, as tmpfs does.

    The recordings are made for that. Other file systems hash the names, and lists that the
    library prints in directory order then come out in another order.
    """
    probe = tempfile.mkdtemp(dir=folder)
    names = ["%03d" % (n * 37 % 100) for n in range(40)]
    for name in names:
        open(os.path.join(probe, name), "w").close()
    listed = [e.name for e in os.scandir(probe)]
    shutil.rmtree(probe)
    return listed == names[::-1]


def environment(**more):
    env = dict(os.environ, LC_ALL="C.UTF-8", VIRNODEDEV_PCI_IDS=PCI_IDS, LD_LIBRARY_PATH=LIBDIR,
               PKG_CONFIG_PATH=os.path.join(LIBDIR, "pkgconfig"))
    env.pop("LIBVIRT_DEFAULT_URI", None)
    env.update(more)
    return env


def build_environment():
    """The environment in which the library was built: were pkg-config's path another, cargo would build all of it anew."""
    env = {name: value for name, value in os.environ.items() if name != "PKG_CONFIG_PATH"}
    if BUILT_WITH in env:
        env["PKG_CONFIG_PATH"] = env[BUILT_WITH]
    return env


def run(*command, timeout=1200 if EMULATED else 120, env=None, **options):
    """Runs a program and returns the finished process with its text output."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, timeout=timeout, env=env or environment(), text=True,
                          errors="surrogateescape", **options)


def checked(*command, **options):
    """As run(); a status other than 0 is a failure that shows the output."""
    done = run(*command, **options)
    if done.returncode != 0:
        raise AssertionError("%s: status %d\n%s%s" % (" ".join(command), done.returncode,
                                                      done.stdout or "", done.stderr or ""))
    return done


def played(test, machine, script, *arguments, **options):
    """Runs a script of tests/ in a replay of a recorded machine and returns what it prints. The test is skipped where there are
    no replays, or where the script says that it cannot be played."""
    options.setdefault("env", environment(PYTHONPATH=os.path.join(ROOT, "python")))
    done = run(os.path.join(SCRIPTS, "replay"), machine_archive(machine), sys.executable, os.path.join(ROOT, "tests", script),
               *arguments, **options)
    if done.returncode == SKIPPED:
        test.skipTest("no privilege: " + done.stderr.strip())
    test.assertEqual(done.returncode, 0, done.stderr[-2000:])
    return done.stdout


def install():
    """The library as a user gets it, unless it is there, and the C programs that the tests use."""
    log = os.path.join(BUILD, "install.log")
    with open(log, "w") as f:
        done = INSTALLED or subprocess.run(["make", "-C", ROOT, "install", "PREFIX=" + PREFIX, "LIBDIR=" + LIBDIR, "DESTDIR="],
                                           stdout=f, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode == 0
    if not done:
        print(open(log).read()[-3000:])
        return False
    flags = shlex.split(checked("pkg-config", "--cflags", "--libs", "virnodedev").stdout)
    checked(CC, "-std=c99", "-pedantic", *WARNINGS, "-O1", "-g",
                os.path.join(ROOT, "c-tests", "dump.c"), "-o", os.path.join(BIN, "dump"),
                *flags, "-Wl,-rpath," + LIBDIR)
    return True


_nobody = None


def as_nobody():
    """Options of run() for a user without any privilege: nobody where we may become that user."""
    global _nobody
    if _nobody is None:
        _nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        try:
            run("true", **_nobody)
        except OSError:  # root of a namespace that has no other users
            _nobody = {}
    return _nobody


def folder_for_nobody(name):
    path = os.path.join(temp(), name)
    os.makedirs(path, exist_ok=True)
    if as_nobody():
        os.chown(path, NOBODY, NOBODY)
    return path


def unpack(archive, path, **options):
    # -P writes links at once, not at the end: creation order is the archive's.
    with open(archive, "rb") as stream:
        checked("tar", "-P", "-C", path, "-xzf", "-", stdin=stream, **options)


_extracted = {}


def extract(archive, unprivileged=False):
    """Unpacks a recording and returns its folder. Directory order holds where the file system keeps it."""
    key = (archive, unprivileged)
    if key not in _extracted:
        name = "tree-%d" % len(_extracted)
        path = folder_for_nobody(name) if unprivileged else os.path.join(temp(), name)
        os.makedirs(path, exist_ok=True)
        unpack(archive, path, **(as_nobody() if unprivileged else {}))
        _extracted[key] = path
    return _extracted[key]


def machine_archive(machine, folder=MACHINES):
    return os.path.join(folder, machine, "sysfs.tar.gz")


_portable = None


def portable():
    """A folder with the library and the test programs that a user without privilege can reach."""
    global _portable
    if _portable is None:
        _portable = os.path.join(temp(), "portable")
        os.makedirs(_portable)
        shutil.copy(os.path.realpath(os.path.join(LIBDIR, "libvirnodedev.so.0")),
                    os.path.join(_portable, "libvirnodedev.so.0"))
        for program in os.listdir(BIN):
            shutil.copy(os.path.join(BIN, program), _portable)
        shutil.copy(PCI_IDS, _portable)
    return _portable


def portable_environment(**more):
    return environment(LD_LIBRARY_PATH=portable(), VIRNODEDEV_PCI_IDS=os.path.join(portable(), "pci.ids.gz"),
                       **more)


def details(name, text):
    """Keeps the particulars of a test in build/check/ and returns the path relative to the project."""
    path = os.path.join(BUILD, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", errors="backslashreplace") as f:
        f.write(text)
    return os.path.relpath(path, ROOT)


def documents(text):
    """The <device> documents of a concatenation, as (name, text) pairs in order."""
    found = []
    for part in re.findall(r"^<device>\n.*?^</device>\n", text, re.S | re.M):
        found.append((re.search(r"^  <name>(.*)</name>$", part, re.M)[1], part))
    if "".join(part for _, part in found) != text:
        raise ValueError("text between the devices")
    return found


def read(path):
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path, errors="surrogateescape")) as f:
        return f.read()


def manual(name):
    """An installed manual page, which packages compress, without the signs that protect hyphens."""
    path = os.path.join(PREFIX, "share", "man", "man" + name[-1], name)
    return read(path if os.path.exists(path) else path + ".gz").replace("\\", "")


Symbol = collections.namedtuple("Symbol", "library node name type stub")


def header_functions():
    """The functions that virnodedev.h declares."""
    header = read(os.path.join(ROOT, "include", "virnodedev.h"))
    return set(re.findall(r"^(?!typedef )[A-Za-z].*?\b((?:vir|vnd)[A-Z]\w+)\(", header, re.M))


def libvirt_symbols():
    """The table of libvirt's public symbols."""
    return [Symbol(*line.split("\t")) for line in read(SYMBOLS).splitlines() if not line.startswith("#")]


class Result(unittest.TestResult):
    """Prints one line for each test."""

    def __init__(self):
        super().__init__()
        self.reasons = collections.defaultdict(str)  # by the test's id: what it says, and what tidying up says

    def line(self, word, test, note=""):
        name = test.id().replace("__main__.", "")
        note = " ".join(str(note).split())[:300]
        line = "%s\t%s\t%s" % (word, name, note)
        print(line.encode("ascii", "backslashreplace").decode(), flush=True)

    def addSuccess(self, test):
        self.line("PASS", test, getattr(test, "note", ""))

    def addSkip(self, test, reason):
        self.line("SKIP", test, reason)

    def addError(self, test, err):
        self.failed(test, err)

    def addFailure(self, test, err):
        self.failed(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.failed(subtest, err)
            test.had_failed_parts = True

    def failed(self, test, err):
        self.reasons[test.id()] += self._exc_info_to_string(err, test)
        where = details("failed/%s.txt" % re.sub(r"[^\w.-]+", "_", test.id())[:100], self.reasons[test.id()])
        self.line("FAIL", test, "%s (%s)" % (str(err[1])[:200], where))


def enter_own_network():
    """Starts this process again in a network namespace of its own, with the /sys that belongs to it.

    Where that is not allowed the process goes on as it is: has_own_network() tells.
    """
    if has_own_network():
        return
    wrapper = [os.path.join(SCRIPTS, "own-namespaces"), "--net",
               "sh", "-c", 'mount -t sysfs sysfs /sys && exec "$@"', "sh"]
    if run(*wrapper, "true").returncode == 0:
        os.execve(wrapper[0], wrapper + [sys.executable] + sys.argv, environment(KIT_OWN_NETWORK="1"))


def has_own_network():
    return os.environ.get("KIT_OWN_NETWORK") == "1"


def main():
    sys.path.insert(0, os.path.join(ROOT, "tests"))
    sys.path.insert(0, os.path.join(ROOT, "python"))
    # A shell without job control starts what runs in the background (`make check &`) with these ignored.
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    # The dynamic linker reads its path once, at the start.
    if LIBDIR not in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        before = os.environ.get("PKG_CONFIG_PATH")
        os.execve(sys.executable, [sys.executable] + sys.argv, environment(**({BUILT_WITH: before} if before else {})))
    if getattr(importlib.import_module(sys.argv[1].partition(".")[0]), "OWN_NETWORK", False):
        enter_own_network()
    unittest.TestCase.maxDiff = None  # a reason is told whole
    suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
    suite.run(Result())


if __name__ == "__main__":
    sys.modules["kit"] = sys.modules["__main__"]  # one copy for the tests that import it
    main()
