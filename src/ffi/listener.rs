// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Functions of the program that are called for events.

use std::ffi::{c_int, c_void};
use std::ptr;

use super::cancellation::in_program;
use super::constants::virNodeDeviceEventID::VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE;
use super::constants::virNodeDeviceEventLifecycleType::{
    VIR_NODE_DEVICE_EVENT_CREATED, VIR_NODE_DEVICE_EVENT_DEFINED, VIR_NODE_DEVICE_EVENT_DELETED,
    VIR_NODE_DEVICE_EVENT_UNDEFINED,
};
use super::types::{virConnectNodeDeviceEventGenericCallback, virConnectPtr, virNodeDevicePtr};
use crate::name::Name;
use crate::view::{Change, DeviceEvent};

/// Called for `VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE`.
type Lifecycle =
    unsafe extern "C-unwind" fn(virConnectPtr, virNodeDevicePtr, c_int, c_int, *mut c_void);

/// Called for `VIR_NODE_DEVICE_EVENT_ID_UPDATE`.
type Update = unsafe extern "C-unwind" fn(virConnectPtr, virNodeDevicePtr, *mut c_void);

/// A function, with the type for its event.
#[derive(Clone, Copy)]
enum Callback {
    Lifecycle(Lifecycle),
    Update(Update),
}

/// A function that is called for one kind of event, of one device or of all.
pub(super) struct Listener {
    callback: Callback,
    /// The name of the device; `None` for all devices.
    device: Option<Name>,
}

/// Two are equal if they are the same function for the same event of the same device.
impl PartialEq for Listener {
    fn eq(&self, other: &Self) -> bool {
        let is_same_function = match (self.callback, other.callback) {
            (Callback::Lifecycle(one), Callback::Lifecycle(two)) => ptr::fn_addr_eq(one, two),
            (Callback::Update(one), Callback::Update(two)) => ptr::fn_addr_eq(one, two),
            _ => false,
        };
        is_same_function && self.device == other.device
    }
}

impl Listener {
    /// The function for an event, which programs cast to the generic type; `None` for NULL.
    ///
    /// # Safety
    /// `callback` is a function of the type that `event` has, which can be called until it is
    /// deregistered.
    pub(super) unsafe fn new(
        event: c_int,
        callback: virConnectNodeDeviceEventGenericCallback,
        device: Option<Name>,
    ) -> Option<Listener> {
        let callback = match callback? {
            lifecycle if event == VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE as c_int => {
                // SAFETY: by the caller's promise this is the function's own type.
                Callback::Lifecycle(unsafe { std::mem::transmute::<Update, Lifecycle>(lifecycle) })
            }
            update => Callback::Update(update),
        };
        Some(Listener { callback, device })
    }

    /// Whether it is to be called for an event.
    pub(super) fn wants(&self, event: &DeviceEvent) -> bool {
        let is_of_kind = match self.callback {
            Callback::Lifecycle(_) => lifecycle_type(event.change).is_some(),
            Callback::Update(_) => event.change == Change::Updated,
        };
        is_of_kind && self.device.as_ref().is_none_or(|name| *name == event.name)
    }

    /// Calls the function. To be done with no lock held.
    ///
    /// # Safety
    /// `conn` and `device` are live handles, `data` is what the program gave along with the
    /// function.
    pub(super) unsafe fn tell(
        &self,
        conn: virConnectPtr,
        device: virNodeDevicePtr,
        change: Change,
        data: *mut c_void,
    ) {
        match self.callback {
            Callback::Lifecycle(callback) => {
                let event = lifecycle_type(change).unwrap_or_default();
                // SAFETY: the program's function with the arguments that it takes.
                in_program(|| unsafe { callback(conn, device, event, 0, data) });
            }
            Callback::Update(callback) => {
                // SAFETY: the program's function with the arguments that it takes.
                in_program(|| unsafe { callback(conn, device, data) });
            }
        }
    }
}

/// The number of a lifecycle event (`virNodeDeviceEventLifecycleType`); `None` for an update.
fn lifecycle_type(change: Change) -> Option<c_int> {
    match change {
        Change::Created => Some(VIR_NODE_DEVICE_EVENT_CREATED as c_int),
        Change::Deleted => Some(VIR_NODE_DEVICE_EVENT_DELETED as c_int),
        Change::Defined => Some(VIR_NODE_DEVICE_EVENT_DEFINED as c_int),
        Change::Undefined => Some(VIR_NODE_DEVICE_EVENT_UNDEFINED as c_int),
        Change::Updated => None,
    }
}
