// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Operations that change devices, and the devices on which they are possible.

/// An operation that changes devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Unbind a PCI function from its driver.
    Detach,
    /// Bind a PCI function to a driver of the host again.
    Reattach,
    /// Reset a PCI function.
    Reset,
    /// Set the number of a PCI function's virtual functions.
    SetVirtualFunctions,
    /// Set which vGPU a PCI function is.
    SetVgpuType,
    /// Make a device that does not exist after a restart of the host.
    Create,
    /// Remove a device.
    Destroy,
    /// Store the definition of a device.
    Define,
    /// Remove the definition of a device.
    Undefine,
    /// Start a device that is defined.
    Start,
    /// Choose whether a defined device is started with its parent.
    SetAutostart,
    /// Change a device, its definition or both.
    Update,
}

/// Why no device of a connection can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchangeable {
    /// They are the test driver's, and only exist in a document.
    OnPaper,
    /// They are those of a recorded tree.
    Recorded,
}

impl Operation {
    /// Whether the operation is possible: for `is_test` on the test driver's devices, else for
    /// `is_live` on those of this host or on those of a recorded machine. The test driver can only
    /// make and remove virtual ports.
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
