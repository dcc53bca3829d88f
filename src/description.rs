// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The full description of a device, and its form as XML and JSON.

use std::sync::Arc;

use crate::caps::{Facts, State};
use crate::xml::writer::Writer;

/// All facts about a device in its XML and JSON. `path` is its folder in sysfs, `devnode` its device node and `links`
/// the links to that. All texts are cleaned (see [`crate::text::clean`]); what a device does not have is `None` or
/// empty.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Description {
    pub name: String,
    pub path: Option<String>,
    pub devnode: Option<String>,
    pub links: Vec<String>,
    pub parent: Option<String>,
    pub driver: Option<String>,
    pub facts: Arc<Facts>,
    pub state: State,
}

impl Description {
    /// The device's XML, as libvirt 12.8.0 prints it.
    pub fn to_xml(&self) -> String {
        let mut w = Writer::xml();
        w.element("device", &[], |w| self.write(w));
        w.finish()
    }

    /// The same facts as a JSON object, described by `docs/nodedev.schema.json`.
    pub fn to_json(&self) -> String {
        let mut w = Writer::json();
        self.write(&mut w);
        w.finish()
    }

    /// Writes the content of the `<device>` element.
    pub fn write(&self, w: &mut Writer) {
        w.value("name", &self.name);
        w.optional("path", self.path.as_ref());
        if let Some(devnode) = &self.devnode {
            w.item().value_with("devnode", &[("type", &"dev")], devnode);
        }
        for link in &self.links {
            w.item().value_with("devnode", &[("type", &"link")], link);
        }
        w.optional("parent", self.parent.as_ref());
        if let Some(driver) = &self.driver {
            w.element("driver", &[], |w| w.value("name", driver));
        }
        self.facts.write(&self.state, w);
    }
}
