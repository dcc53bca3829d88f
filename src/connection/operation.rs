// SPDX-License-Identifier: LGPL-2.1-or-later
//! What can be done to devices, and to which devices it can be done.

/// What can be done to devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Take a PCI function from its driver.
    Detach,
    /// Give it back to the host's.
    Reattach,
    /// Reset a PCI function.
    Reset,
    /// Make a device that does not outlive the host's restart.
    Create,
    /// Remove a device.
    Destroy,
    /// Keep the description of a device.
    Define,
    /// Drop it.
    Undefine,
    /// Start a device that is defined.
    Start,
    /// Choose whether a defined device is started with its parent.
    SetAutostart,
    /// Change a device, its definition or both.
    Update,
}

/// Why devices cannot be changed, whatever else is true of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchangeable {
    /// The test driver's exist on paper only.
    OnPaper,
    /// They are those of a recorded tree.
    Recorded,
}

impl Operation {
    /// Whether it can be done to the test driver's devices, or else to those of this host or of a recorded tree. The test
    /// driver has nothing but virtual ports to make and remove.
    pub fn check(self, is_test: bool, is_live: bool) -> Result<(), Unchangeable> {
        match self {
            Operation::Create | Operation::Destroy if is_test => Ok(()),
            _ if is_test => Err(Unchangeable::OnPaper),
            _ if is_live => Ok(()),
            _ => Err(Unchangeable::Recorded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_can_be_changed() {
        for operation in [Operation::Create, Operation::Destroy] {
            assert_eq!(operation.check(true, true), Ok(()));
            assert_eq!(operation.check(false, true), Ok(()));
            assert_eq!(operation.check(false, false), Err(Unchangeable::Recorded));
        }
        let reset = Operation::Reset;
        assert_eq!(reset.check(true, true), Err(Unchangeable::OnPaper));
        assert_eq!(reset.check(false, true), Ok(()));
        assert_eq!(reset.check(false, false), Err(Unchangeable::Recorded));
    }
}
