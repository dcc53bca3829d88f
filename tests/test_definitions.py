# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Definitions of mediated devices that come, go and change while a program looks on.

The expected events and states are those of libvirt's documented behaviour: a new definition is
DEFINED, one that goes UNDEFINED, one that differs an update, an unchanged one nothing; a running
device without one has an update whenever mdevctl is asked again.
"""
import unittest

import kit

EXPECTED = """\
nothing
define
  DEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  active 0 persistent 1 autostart 1
      <type id='mtty-2'/>
      <attr name='a' value='1'/>
modify
  UPDATE mdev_11111111_2222_3333_4444_555555555599_mtty
  active 0 persistent 1 autostart 0
      <type id='mtty-1'/>
write the same
undefine
  UNDEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  gone
undefine a running one
  UNDEFINED mdev_11111111_2222_3333_4444_555555555501_mtty
  UPDATE mdev_11111111_2222_3333_4444_555555555501_mtty
  active 1 persistent 0 autostart 0
      <type id='mtty-1'/>
define a running one
  DEFINED mdev_11111111_2222_3333_4444_555555555501_mtty
  active 1 persistent 1 autostart 1
      <type id='mtty-1'/>
define below a new parent
  DEFINED mdev_11111111_2222_3333_4444_555555555599_0000_0f_00_0
write half a definition
  UNDEFINED mdev_11111111_2222_3333_4444_555555555599_0000_0f_00_0
nobody waits
  instances 0 added 1 removed 1
  instances 1 added 1 removed 1
instances 1
define
  DEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  others are awake: True
  others know it: True
  and sleep: True
a child
  instances 2
  the child is awake: True and knows it: True
what the child did
  UNDEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
define
  DEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
the folder is another
  UNDEFINED mdev_11111111_2222_3333_4444_555555555501_mtty
  UNDEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  UPDATE mdev_11111111_2222_3333_4444_555555555501_mtty
the folder is gone
  UPDATE mdev_11111111_2222_3333_4444_555555555501_mtty
another file beside it
the folder comes with a definition
  DEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  UPDATE mdev_11111111_2222_3333_4444_555555555501_mtty
the folder is moved away
  UNDEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  UPDATE mdev_11111111_2222_3333_4444_555555555501_mtty
another one comes
  DEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  UPDATE mdev_11111111_2222_3333_4444_555555555501_mtty
the old one changes: False
the new one changes
  DEFINED mdev_11111111_2222_3333_4444_555555555501_mtty
the folder is removed
  UNDEFINED mdev_11111111_2222_3333_4444_555555555501_mtty
  UNDEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  UPDATE mdev_11111111_2222_3333_4444_555555555501_mtty
the old one comes back
  DEFINED mdev_11111111_2222_3333_4444_555555555599_mtty
  UPDATE mdev_11111111_2222_3333_4444_555555555501_mtty
others know it: True
instances 0
"""


class Definitions(unittest.TestCase):
    def test_steps(self):
        self.assertEqual(kit.played(self, "mdev", "definitions_steps.py"), EXPECTED)


if __name__ == "__main__":
    unittest.main()
