// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Binds a function to another driver. If that fails, the former driver and `driver_override` are restored.

use super::function::{Function, internal, show, system};
use super::in_use::is_detached;
use crate::error::Result;
use crate::host::pci_bus;

/// What the kernel prints for a `driver_override` that is not set.
const NO_OVERRIDE: &[u8] = b"(null)";

/// The driver of a function, and the only driver that may be bound to it; `None` for none.
#[derive(Debug, PartialEq, Eq)]
struct Binding {
    driver: Option<Vec<u8>>,
    driver_override: Option<Vec<u8>>,
}

/// Binds the function to a loaded driver. Code 1 if the driver does not take it, 38 if the kernel refuses.
pub fn detach(function: &Function<'_>, driver: &[u8]) -> Result<()> {
    let before = function.binding()?;
    if before.driver.as_deref() == Some(driver) {
        return Ok(());
    }
    function.change(before, Some(driver))
}

/// Has the host choose the function's driver. A driver that it has chosen already stays bound, and `driver_override` is
/// cleared.
pub fn reattach(function: &Function<'_>) -> Result<()> {
    let before = function.binding()?;
    let Binding {
        driver,
        driver_override,
    } = &before;
    let is_hosts = driver.is_some() && driver != driver_override && !is_detached(&function.node)?;
    match (is_hosts, driver_override) {
        (true, None) => Ok(()),
        (true, Some(_)) => function.set_override(None),
        (false, _) => function.change(before, None),
    }
}

impl Function<'_> {
    fn binding(&self) -> Result<Binding> {
        let text = self.node.attribute("driver_override")?;
        Ok(Binding {
            driver: self.driver()?,
            driver_override: text.filter(|text| !text.is_empty() && text != NO_OVERRIDE),
        })
    }

    /// Binds the function to `driver`, or for `None` to the driver that the host chooses. While a driver is bound that the
    /// host did not choose, `driver_override` names it, so that the next call knows this even if the process is killed.
    fn change(&self, before: Binding, driver: Option<&[u8]>) -> Result<()> {
        if driver.is_some() {
            self.set_override(driver)?;
        }
        self.unbind(before.driver.as_deref())
            .and_then(|()| match driver {
                None => self.set_override(None),
                Some(_) => Ok(()),
            })
            .and_then(|()| self.probe())
            .and_then(|()| self.verify(driver))
            .map_err(|error| error.adding(&self.restore(&before)))
    }

    fn set_override(&self, driver: Option<&[u8]>) -> Result<()> {
        self.write_override(driver).map_err(|e| {
            let what = match driver {
                Some(driver) => format!("add driver '{}' to", show(driver)),
                None => "clear".into(),
            };
            let address = &self.address;
            system(
                format!("Failed to {what} driver_override interface of PCI device '{address}'"),
                &e,
            )
        })
    }

    fn write_override(&self, driver: Option<&[u8]>) -> std::io::Result<()> {
        let path = self.node.below("driver_override");
        self.node.host.files.write(&path, driver.unwrap_or(b"\n"))
    }

    /// Unbinds the function from its driver. It is no failure if the driver was unbound meanwhile.
    fn unbind(&self, driver: Option<&[u8]>) -> Result<()> {
        let Some(driver) = driver else {
            return Ok(());
        };
        match pci_bus::unbind(&self.node.host.files, driver, &self.address) {
            Err(e) if self.driver()?.as_deref() == Some(driver) => Err(system(
                format!(
                    "Failed to unbind PCI device '{}' from {}",
                    self.address,
                    show(driver)
                ),
                &e,
            )),
            _ => Ok(()),
        }
    }

    fn probe(&self) -> Result<()> {
        pci_bus::probe(&self.node.host.files, &self.address).map_err(|e| {
            system(
                format!(
                    "Failed to trigger a probe for PCI device '{}'",
                    self.address
                ),
                &e,
            )
        })
    }

    /// Checks which driver is bound, because the kernel does not report it.
    fn verify(&self, wanted: Option<&[u8]>) -> Result<()> {
        let driver = self.driver()?;
        match wanted {
            None if is_detached(&self.node)? => Err(internal(format!(
                "PCI device {} was bound to {} again, which takes it by its identity: see the driver's option 'ids' \
                 and its files new_id and remove_id",
                self.address,
                show_driver(driver.as_deref())
            ))),
            Some(wanted) if driver.as_deref() != Some(wanted) => Err(internal(format!(
                "PCI device {} was not taken by driver {}, and was then bound to {}; the kernel's log may say why",
                self.address,
                show(wanted),
                show_driver(driver.as_deref())
            ))),
            _ => Ok(()),
        }
    }

    /// Restores the function's binding, and returns a text for the error about the result.
    fn restore(&self, before: &Binding) -> String {
        let old = before.driver.as_deref();
        let now = self.bind_again(before);
        let now = match now {
            Ok(now) if now == *before => {
                return format!("it is bound to {} as before", show_driver(old));
            }
            Ok(now) => now,
            Err(error) => {
                return format!(
                    "and whether it was given back to {} is not known: {error}",
                    show_driver(old)
                );
            }
        };
        format!(
            "and it could not be given back to {}: it is bound to {}, its driver_override is {}",
            show_driver(old),
            show_driver(now.driver.as_deref()),
            now.driver_override
                .map_or("not set".into(), |name| format!("'{}'", show(&name)))
        )
    }
}

impl Function<'_> {
    /// Tries to restore a binding, and returns the one that the function has then.
    fn bind_again(&self, before: &Binding) -> Result<Binding> {
        let old = before.driver.as_deref();
        let driver = self.driver()?;
        if driver.as_deref() != old {
            // Only a driver that is named in `driver_override` is sure to be tried. Failures show in the result.
            let _ = self.unbind(driver.as_deref());
            if old.is_some() {
                let _ = self.write_override(old);
                let _ = self.probe();
            }
        }
        if self.binding()?.driver_override != before.driver_override {
            let _ = self.write_override(before.driver_override.as_deref());
        }
        self.binding()
    }
}

fn show_driver(driver: Option<&[u8]>) -> String {
    driver.map_or("no driver".into(), show)
}
