// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The commands of mdevctl(8). The arguments are those that libvirt uses, and so is the JSON on its standard input.
//! Unlike in libvirt, the parent is named for definitions too, because a UUID may be defined below several parents;
//! only one device with a UUID can run.

use serde_json::{Map, Value as Json};

use crate::error::{Code, Error, Result};
use crate::host::mdevctl::files::Definition;
use crate::host::mdevctl::run::{FailureText, output_of, run};
use crate::host::program::LIMIT;
use crate::text::uuid::normalise_uuid;

use super::scope::Scope;
use super::wanted::Wanted;
use crate::manage::refusal::internal;

/// Starts a device that has no definition; returns its UUID.
pub fn start_new(wanted: &Wanted) -> Result<String> {
    make("start", wanted, "Unable to start mediated device")
}

/// Defines a device; returns its UUID.
pub fn define(wanted: &Wanted) -> Result<String> {
    make("define", wanted, "Unable to define mediated device")
}

/// Starts a device that is defined.
pub fn start_defined(definition: &Definition) -> Result<()> {
    let failure = FailureText::of("Unable to create mediated device");
    on_definition("start", definition, &[], &failure)
}

/// Stops a device.
pub fn stop(uuid: &str, failure: &FailureText) -> Result<()> {
    run(&["stop", &format!("--uuid={uuid}")], "", failure)?;
    Ok(())
}

/// Removes a definition.
pub fn undefine(definition: &Definition) -> Result<()> {
    let failure = FailureText::of("Unable to undefine mediated device");
    on_definition("undefine", definition, &[], &failure)
}

/// Sets whether a defined device is started with its parent.
pub fn set_autostart(definition: &Definition, name: &str, autostart: bool) -> Result<()> {
    let failure = FailureText {
        what: format!("Unable to set autostart on '{name}'"),
        unknown: "Unknown Error",
    };
    let choice = if autostart { "--auto" } else { "--manual" };
    on_definition("modify", definition, &[choice], &failure)
}

/// Changes a device, its definition or both to what is wanted. Code 84 if mdevctl is too old for it.
pub fn modify(wanted: &Wanted, uuid: &str, name: &str, scope: Scope) -> Result<()> {
    let failure = FailureText::of(format!("Unable to modify mediated device '{name}'"));
    let probe = ["modify", "--defined", "--live", "--jsonfile", "b", "--help"];
    if !output_of(LIMIT, &probe, "", &failure)?.is_good() {
        return Err(Error::new(
            Code::OperationUnsupported,
            format!("{}: modify unsupported", failure.what),
        ));
    }
    let mut args = arguments("modify", wanted, Some(uuid));
    args.extend(scope.config.then(|| "--defined".into()));
    args.extend(scope.live.then(|| "--live".into()));
    run(&args, &json(wanted), &failure)?;
    Ok(())
}

fn make(command: &str, wanted: &Wanted, what: &str) -> Result<String> {
    let args = arguments(command, wanted, wanted.uuid.as_deref());
    let printed = run(&args, &json(wanted), &FailureText::of(what))?;
    match &wanted.uuid {
        Some(uuid) => Ok(uuid.clone()),
        None => normalise_uuid(&printed).ok_or_else(|| {
            let printed = printed.escape_debug();
            internal(format!(
                "{what}: mdevctl printed '{printed}' in place of the new UUID"
            ))
        }),
    }
}

fn on_definition(
    command: &str,
    definition: &Definition,
    more: &[&str],
    failure: &FailureText,
) -> Result<()> {
    let parent = format!("--parent={}", definition.parent_addr);
    let uuid = format!("--uuid={}", definition.uuid);
    let args = [&[command, &*parent, &*uuid], more].concat();
    run(&args, "", failure)?;
    Ok(())
}

fn arguments(command: &str, wanted: &Wanted, uuid: Option<&str>) -> Vec<String> {
    let mut args = vec![
        command.to_string(),
        format!("--parent={}", wanted.address),
        "--jsonfile=/dev/stdin".to_string(),
    ];
    args.extend(uuid.map(|uuid| format!("--uuid={uuid}")));
    args
}

/// The device in the format of mdevctl's files. XML does not tell whether it is started automatically.
fn json(wanted: &Wanted) -> String {
    let attribute = |(name, value): &(String, String)| {
        Json::Object(Map::from_iter([(name.clone(), value.as_str().into())]))
    };
    let mut object = Map::new();
    object.insert("mdev_type".into(), wanted.type_id.as_str().into());
    object.insert("start".into(), "manual".into());
    if !wanted.attributes.is_empty() {
        let attributes = wanted.attributes.iter().map(attribute);
        object.insert("attrs".into(), attributes.collect());
    }
    Json::Object(object).to_string()
}
