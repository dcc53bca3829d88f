# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Completion of nodedev: what the program offers, and what bash, zsh and fish make of it."""
import os
import pty
import re
import subprocess
import threading
import time
import unittest

import foreign
import kit

TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
SHARE = os.path.join(kit.PREFIX, "share")
TEST = ["-c", "test:///default"]
HOSTS = ["scsi_host1", "scsi_host11", "scsi_host2"]

# A line up to the cursor, and the line after the tabulator key was pressed.
LINES = {
    "nodedev dumpx": "nodedev dumpxml ",
    "nodedev -c test:///default info comp": "nodedev -c test:///default info computer ",
    "nodedev -c test:///default dumpxml scsi_host2 comp": "nodedev -c test:///default dumpxml scsi_host2 computer ",
    "nodedev -c test:": "nodedev -c test:///default ",
    "nodedev list --inac": "nodedev list --inactive ",
    "nodedev list --cap=net,sto": "nodedev list --cap=net,storage ",
    "nodedev list --cap net,sto": "nodedev list --cap net,storage ",
    "nodedev event --event lif": "nodedev event --event lifecycle ",
    "nodedev create a-docum": "nodedev create a-document.xml ",
}


def environment(**more):
    env = kit.environment(PATH="%s:%s" % (os.path.dirname(TOOL), os.environ["PATH"]), **more)
    env.pop("LD_LIBRARY_PATH")
    return env


def offered(*words):
    """The candidates, and what they mean."""
    done = kit.run(TOOL, "complete", *words)
    assert (done.returncode, done.stderr) == (0, ""), (words, done)
    return dict(line.partition("\t")[::2] for line in done.stdout.splitlines())


class Offers(unittest.TestCase):
    def test_commands(self):
        listed = kit.checked(TOOL, "--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
        commands = dict(re.match(r"  (\S+) +(.*)", line).groups() for line in listed.splitlines())
        self.assertEqual(offered(""), dict(commands, help="describe a command"))
        self.assertEqual(offered(), offered(""))
        self.assertEqual(offered("help", ""), commands)
        self.assertEqual(list(offered("-q", "--connect", "x", "det")), ["detach"])
        for words in (["nosuch", ""], ["help", "list", ""], ["list", ""], ["info", "a", ""], ["nosuch", "--"], ["x"]):
            self.assertEqual(offered(*words), {}, words)

    def test_options_are_those_that_the_help_has(self):
        form = re.compile(r"^  (?:-\w, )?(--[a-z]+)", re.M)
        common = form.findall(kit.checked(TOOL, "--help").stdout)
        self.assertEqual(set(offered("--")), set(common))
        for command in offered("help", ""):
            with self.subTest(command):
                own = form.findall(kit.checked(TOOL, command, "--help").stdout)
                got = offered(command, "--")
                self.assertEqual(set(got), set(common + own))
                self.assertTrue(all(got.values()), got)
        self.assertEqual(offered("dumpxml", "--wr"), {"--wrap": "with --xpath: put that into one element, <nodes>"})
        self.assertEqual(offered("--", "--"), {})

    def test_values(self):
        self.assertEqual(list(offered("list", "--cap", "ccw")), ["ccw", "ccwgroup", "ccwgroup_member"])
        self.assertEqual(list(offered("list", "--cap=pci,ne")), ["--cap=pci,net"])
        self.assertEqual(list(offered("event", "--event", "")), ["lifecycle", "update"])
        self.assertEqual(list(offered(*TEST, "event", "--device", "scsi")), HOSTS)
        self.assertEqual(list(offered(*TEST, "event", "--device=c")), ["--device=computer"])
        self.assertEqual(list(offered("-c", "nodedev:///s")), ["nodedev:///system"])
        for words in (["-o", ""], ["--output", "x"], ["--output=x"], ["-ox"]):
            self.assertEqual(list(offered("report", *words)), ["<FILE>"])
        self.assertEqual(offered("event", "--timeout", ""), {})
        self.assertEqual(offered("dumpxml", "--xpath", ""), {})

    def test_arguments(self):
        self.assertEqual(list(offered(*TEST, "dumpxml", "")), ["computer"] + HOSTS)
        self.assertEqual(list(offered(*TEST, "dumpxml", "computer", "scsi_host1")), HOSTS[:2])
        self.assertEqual(list(offered(*TEST, "dumpxml", "--", "c")), ["computer"])
        self.assertEqual(list(offered("info", "-ctest:///default", "c")), ["computer"])
        self.assertEqual(list(offered("--connect=test:///default", "info", "c")), ["computer"])
        for words in (["create"], ["define", "--validate"], ["record"], ["update", "a"]):
            self.assertEqual(list(offered(*words, "")), ["<FILE>"], words)
        self.assertEqual(offered("update", "a", "b", ""), {})
        self.assertEqual(offered("-c", "bogus:///", "dumpxml", ""), {})

    def test_devices_are_those_that_a_command_is_for(self):
        uri = "nodedev:///embed?root=" + kit.extract(kit.machine_archive("mdev"))
        names = lambda *options: set(kit.checked(TOOL, "-q", "-c", uri, "list", *options).stdout.split())
        for command, options in (("dumpxml", ["--all"]), ("detach", ["--cap", "pci"]), ("dettach", ["--cap", "pci"]),
                                 ("reset", ["--cap", "pci"]), ("update", ["--all", "--cap", "mdev"]),
                                 ("start", ["--inactive", "--cap", "mdev"]),
                                 ("autostart", ["--all", "--persistent", "--cap", "mdev"]),
                                 ("destroy", ["--cap", "mdev,scsi_host"])):
            wanted = names(*options)
            self.assertEqual(set(offered("-c", uri, command, "")), wanted, command)
            self.assertTrue(wanted, command)


class Shells(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(kit.temp(), "completion")
        os.makedirs(self.folder, exist_ok=True)
        for name in ("a-document.xml", "another"):
            open(os.path.join(self.folder, name), "w").close()

    def typed(self, command, **more):
        """What is on an interactive shell's line after the tabulator key, for each of the lines. Its ^X notes the line in
        the file `out` and clears it."""
        out = os.path.join(self.folder, "out")
        open(out, "w").close()
        ours, terminal = pty.openpty()
        shell = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=self.folder,
                                 env=environment(TERM="dumb", OUT=out, HOME=self.folder, **more), start_new_session=True)
        os.close(terminal)
        shown = bytearray()

        def read():
            while True:
                try:
                    shown.extend(os.read(ours, 4096))
                except OSError:
                    return

        reader = threading.Thread(target=read)
        reader.start()
        try:
            self.wait(lambda: b"ready>" in shown, shown)
            for number, line in enumerate(LINES):
                os.write(ours, line.encode() + b"\t\x18")
                self.wait(lambda: kit.read(out).count("\n") > number, shown)
        finally:
            shell.kill()
            shell.wait()
            reader.join()
            os.close(ours)
        return kit.read(out).splitlines()

    def wait(self, condition, shown):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, shown.decode(errors="replace"))
            time.sleep(0.01)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def test_bash(self):
        script = os.path.join(SHARE, "bash-completion", "completions", "nodedev")
        rc = self.write("bashrc", ". '%s'\nPS1='ready> '\nbind -x '\"\\C-x\": "
                                  "printf \"%%s\\n\" \"$READLINE_LINE\" >>\"$OUT\"; READLINE_LINE='\n" % script)
        self.assertEqual(self.typed(["bash", "--noprofile", "--rcfile", rc, "-i"]), list(LINES.values()))

    def test_zsh(self):
        foreign.need("zsh", foreign.program("zsh"))
        self.write(".zshrc", "fpath=('%s/zsh/site-functions' $fpath)\nPS1='ready> '\nautoload -Uz compinit\ncompinit -D -u\n"
                             "note() { print -r -- \"$BUFFER\" >>$OUT; zle kill-whole-line }\nzle -N note\nbindkey '^X' note\n"
                   % SHARE)
        self.assertEqual(self.typed(["zsh", "-d", "-i"], ZDOTDIR=self.folder), list(LINES.values()))

    def test_fish(self):
        fish = foreign.need("fish", foreign.program("fish"))
        script = os.path.join(SHARE, "fish", "vendor_completions.d", "nodedev.fish")
        for line, wanted in LINES.items():
            done = kit.run(fish, "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", "--", script, line,
                           env=environment(HOME=self.folder), cwd=self.folder)
            self.assertEqual(done.stderr, "")
            self.assertEqual([text.partition("\t")[0] for text in done.stdout.splitlines()], [wanted.split()[-1]], line)
