// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The value of an element or attribute: its text in XML, and its value in JSON.

use std::fmt::{self, Write};

use serde_json::Value as Json;

/// A value that can be written.
pub trait Value {
    /// Writes its text in XML, before escaping.
    fn write(&self, out: &mut dyn Write) -> fmt::Result;
    /// Its value in JSON. A number is a number, whatever its base in XML.
    fn json(&self) -> Json;
}

impl<T: Value + ?Sized> Value for &T {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        (**self).write(out)
    }

    fn json(&self) -> Json {
        (**self).json()
    }
}

impl Value for str {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(self)
    }

    fn json(&self) -> Json {
        self.into()
    }
}

impl Value for String {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(self)
    }

    fn json(&self) -> Json {
        self.as_str().into()
    }
}

impl Value for char {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_char(*self)
    }

    fn json(&self) -> Json {
        self.to_string().into()
    }
}

impl Value for i32 {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        write!(out, "{self}")
    }

    fn json(&self) -> Json {
        (*self).into()
    }
}

impl Value for u32 {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        write!(out, "{self}")
    }

    fn json(&self) -> Json {
        (*self).into()
    }
}

impl Value for u64 {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        write!(out, "{self}")
    }

    fn json(&self) -> Json {
        (*self).into()
    }
}

/// A number in hexadecimal notation: `0x` and at least this many digits.
#[derive(Debug, Clone, Copy)]
pub struct Hex(pub usize, pub u32);

impl Value for Hex {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        write!(out, "0x{:0width$x}", self.1, width = self.0)
    }

    fn json(&self) -> Json {
        self.1.into()
    }
}

/// A number that libvirt prints in decimal behind a `0x`: the function of a PCI address.
#[derive(Debug, Clone, Copy)]
pub struct Prefixed(pub u32);

impl Value for Prefixed {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        write!(out, "0x{}", self.0)
    }

    fn json(&self) -> Json {
        self.0.into()
    }
}

/// A number given by its decimal text, such as a link speed of 2.5 GT/s.
#[derive(Debug, Clone, Copy)]
pub struct Decimal(pub &'static str);

impl Value for Decimal {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(self.0)
    }

    fn json(&self) -> Json {
        self.0.parse().unwrap_or(Json::Null)
    }
}
