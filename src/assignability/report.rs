// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What is said of a device that is to be assigned, as JSON and as text.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

/// Whether a device can be assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It can, once it is bound to a VFIO driver.
    Yes,
    /// It can, once other devices of its IOMMU group are taken from the host as well.
    Together,
    /// It cannot as things are.
    No,
}

impl Verdict {
    /// Its word in JSON and text.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Yes => "yes",
            Verdict::Together => "together",
            Verdict::No => "no",
        }
    }
}

/// Something that an administrator should know about a device that is to be assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A word for programs, which never changes its meaning.
    pub code: &'static str,
    /// The best verdict that it allows. `Yes` for what is only to be known.
    pub allows: Verdict,
    /// The name of the device that it is about.
    pub device: String,
    /// What is the case.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

/// A member of an IOMMU group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name of its node device, or the kernel's name of what is none.
    pub name: String,
    /// Base class, subclass and programming interface of a PCI function.
    pub class: Option<u32>,
    /// The driver that is bound.
    pub driver: Option<String>,
}

/// An IOMMU group: what the IOMMU cannot keep apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number; `None` for a link in a recording whose name is none.
    pub number: Option<u64>,
    /// How the kernel maps memory for it, from the attribute `type`; `None` where it does not tell.
    pub kind: Option<String>,
    /// Everything in it, the device itself included.
    pub members: Vec<Member>,
}

/// All that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The name of the device.
    pub name: String,
    /// Its IOMMU group; `None` without one.
    pub group: Option<Group>,
    /// The files through which a program drives it: that of its group and its own; none before it is bound to VFIO.
    pub vfio: Vec<(&'static str, String)>,
    /// What speaks against it, and what is to be known.
    pub reasons: Vec<Reason>,
}

impl Report {
    /// A report that says nothing yet of the device with this name.
    pub fn new(name: String) -> Report {
        Report {
            name,
            group: None,
            vfio: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// The worst that any reason allows.
    pub fn verdict(&self) -> Verdict {
        let allowed = self.reasons.iter().map(|reason| reason.allows);
        allowed.max().unwrap_or(Verdict::Yes)
    }

    /// The report as a JSON object.
    pub fn to_json(&self) -> String {
        let mut object = Map::new();
        object.insert("name".into(), json!(self.name));
        object.insert("verdict".into(), json!(self.verdict().word()));
        if let Some(group) = &self.group {
            object.insert("iommu_group".into(), group.to_json());
        }
        if !self.vfio.is_empty() {
            let files = self
                .vfio
                .iter()
                .map(|(kind, path)| ((*kind).into(), json!(path)));
            object.insert("vfio".into(), Json::Object(files.collect()));
        }
        let reasons = self.reasons.iter().map(Reason::to_json);
        object.insert("reasons".into(), reasons.collect());
        Json::Object(object).to_string()
    }

    /// The report as lines of text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}: {}\n", self.name, self.verdict().word());
        let mut line = |words: std::fmt::Arguments<'_>| {
            // A String takes all that is written to it.
            let _ = writeln!(text, "  {words}");
        };
        if let Some(group) = &self.group {
            let members: Vec<_> = group.members.iter().map(Member::to_text).collect();
            let number = group.number.map(|number| format!(" {number}"));
            line(format_args!(
                "IOMMU group{}: {}",
                number.unwrap_or_default(),
                members.join(", ")
            ));
        }
        for (kind, path) in &self.vfio {
            line(format_args!("VFIO {kind}: {path}"));
        }
        for reason in &self.reasons {
            let mark = match reason.allows {
                Verdict::Yes => "note",
                allowed => allowed.word(),
            };
            line(format_args!("{mark}: {}: {}", reason.device, reason.what));
            line(format_args!("  {}", reason.advice));
        }
        text
    }
}

impl Reason {
    fn to_json(&self) -> Json {
        json!({
            "code": self.code,
            "allows": self.allows.word(),
            "device": self.device,
            "what": self.what,
            "advice": self.advice,
        })
    }
}

impl Group {
    fn to_json(&self) -> Json {
        let mut object = Map::new();
        if let Some(number) = self.number {
            object.insert("number".into(), json!(number));
        }
        if let Some(kind) = &self.kind {
            object.insert("type".into(), json!(kind));
        }
        let members = self.members.iter().map(Member::to_json);
        object.insert("members".into(), members.collect());
        Json::Object(object)
    }
}

impl Member {
    fn to_json(&self) -> Json {
        let mut object = Map::new();
        object.insert("name".into(), json!(self.name));
        if let Some(class) = self.class {
            object.insert("class".into(), json!(format!("0x{class:06x}")));
        }
        if let Some(driver) = &self.driver {
            object.insert("driver".into(), json!(driver));
        }
        Json::Object(object)
    }

    fn to_text(&self) -> String {
        match &self.driver {
            Some(driver) => format!("{} ({driver})", self.name),
            None => self.name.clone(),
        }
    }
}

/// The reason that a program drives a device through VFIO already.
pub fn held(device: &str, file: &str) -> Reason {
    Reason {
        code: "held",
        allows: Verdict::No,
        device: device.into(),
        what: format!("a program drives it already: {file} is open"),
        advice: "end that program, such as the virtual machine that has it".into(),
    }
}
