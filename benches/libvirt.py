# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The libvirt that is installed, beside this library: by its own daemon, and its client on `nodedev rpc`."""
import glob
import os
import shutil
import subprocess
import tempfile
import time

from spelling import quotient, spell

# Who may answer libvirt's client over a pipe: the prefix of the figures' names, and who that is.
SERVERS = {"rpc": "nodedev rpc", "file": "nodedev rpc, one file"}


def driver():
    for folder in ("/usr/lib/*", "/usr/lib64", "/usr/lib"):
        for found in glob.glob(folder + "/libvirt/connection-driver/libvirt_driver_nodedev.so"):
            return found
    return None


def is_here():
    return bool(shutil.which("libvirtd") and driver() and
                subprocess.run("ldconfig -p | grep -q 'libvirt[.]so[.]0'", shell=True).returncode == 0)


def version():
    if not is_here():
        return None
    return subprocess.run(["libvirtd", "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()


def measure_daemon(result, build):
    """Times libvirt's own daemon, with the node-device driver alone, in the namespace."""
    work = tempfile.mkdtemp(dir="/run")
    drivers, config = os.path.join(work, "drivers"), os.path.join(work, "libvirtd.conf")
    os.mkdir(drivers)
    os.symlink(driver(), os.path.join(drivers, "libvirt_driver_nodedev.so"))
    with open(config, "w") as f:
        f.write('auth_unix_rw="none"\nauth_unix_ro="none"\nunix_sock_group="root"\n')
    command = ["libvirtd", "-f", config, "-p", os.path.join(work, "pid")]
    env = dict(os.environ, LIBVIRT_DRIVER_DIR=drivers)
    first_lists(result, build, "libvirt", 3, env, "nodedev:///system", *command)
    begin = time.perf_counter()
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    theirs = [os.path.join(build, "theirs"), "nodedev:///system"]
    try:
        while subprocess.run(theirs + ["first"], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL).returncode != 0:
            if daemon.poll() is not None or time.perf_counter() - begin > 60:
                return
            time.sleep(0.005)
        result["libvirt_process"] = (time.perf_counter() - begin) * 1e6
        text = subprocess.run(theirs, check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in text.splitlines():
            name, value = line.split()
            if name not in ("process", "open_and_list"):  # of a client of a daemon that ran already
                result["libvirt_" + name] = float(value)
    finally:
        daemon.terminate()
        daemon.wait()


def first_lists(result, build, whose, times, env, *arguments):
    """From the start of who answers to the first list in libvirt's client, and the memory of who answers: medians."""
    figures = []
    for _ in range(times):
        text = subprocess.run([os.path.join(build, "first_list"), *arguments], check=True, stdout=subprocess.PIPE, text=True, env=env,
                              stderr=subprocess.DEVNULL).stdout
        figures.append([float(line.split()[1]) for line in text.splitlines()])
    for name, column in zip(("first_list", "memory", "own_memory"), zip(*figures)):
        result["%s_%s" % (whose, name)] = sorted(column)[times // 2]


def measure_pipe(result, build, whose, program):
    """Times libvirt's client on PROGRAM rpc by a pipe."""
    serve = os.path.join(build, "serve-" + whose)
    with open(serve, "w") as f:
        f.write("#!/bin/sh\nexec '%s' rpc\n" % program)
    os.chmod(serve, 0o755)
    uri = "nodedev+ext:///system?command=" + serve
    first_lists(result, build, whose, 15, None, uri)
    text = subprocess.run([os.path.join(build, "theirs"), uri], check=True, stdout=subprocess.PIPE, text=True).stdout
    for name, value in map(str.split, text.splitlines()):
        if name not in ("process", "open_and_list"):
            result["%s_%s" % (whose, name)] = float(value)


# Title, figure, the most that it may be of the daemon's, how it is written.
LINES = (
    ("start to first list", "first_list", 0.1, spell),
    ("list, warm", "list", 1.0, spell),
    ("XML of every device", "xml_of_all", 1.0, spell),
    ("memory after the first list", "memory", 0.1, "{:.0f} KiB".format),
    ("of that its own", "own_memory", 0.1, "{:.0f} KiB".format),
)


def by_pipe(results):
    """Prints what libvirt's client is answered by a pipe, beside its daemon's socket."""
    for whose, who in SERVERS.items():
        both = [r for r in results.values() if whose + "_list" in r and "libvirt_list" in r]
        if both:
            print("\nlibvirt's own client: %s by a pipe against libvirtd by its socket" % who)
        for r in both:
            for title, name, most, form in LINES:
                ours, theirs = r["%s_%s" % (whose, name)], r["libvirt_" + name]
                print("%7d  %-28s %10s %10s  ratio %s (at most %g)  %s" % (
                    r["devices"], title, form(ours), form(theirs), quotient(ours, theirs), most,
                    "met" if ours <= most * theirs else "MISSED"))
