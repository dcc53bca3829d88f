// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Finds the module with a VFIO driver for a PCI function, by the `vfio_pci:` lines of `modules.alias` (kernel:
//! scripts/mod/file2alias.c, `do_pci_entry`).

/// The keys of the fields of a PCI alias, in order: vendor, device, vendor and device of the subsystem, class, subclass
/// and programming interface.
const KEYS: [&[u8]; 7] = [b"v", b"d", b"sv", b"sd", b"bc", b"sc", b"i"];

const ANY: &[u8] = b"*";

type Fields<'a> = [&'a [u8]; KEYS.len()];

/// Reads the fields of an alias after its `pci:` or `vfio_pci:`: hexadecimal numbers in upper case, or `*`.
fn fields(mut rest: &[u8]) -> Option<Fields<'_>> {
    let mut fields: Fields<'_> = Default::default();
    for (key, field) in KEYS.iter().zip(&mut fields) {
        let value = rest.strip_prefix(*key)?;
        let is_part = |b: &u8| matches!(b, b'0'..=b'9' | b'A'..=b'F' | b'*');
        let end = value.iter().position(|b| !is_part(b));
        let end = end.unwrap_or(value.len());
        (*field, rest) = value.split_at(end);
        if field.is_empty() {
            return None;
        }
    }
    rest.is_empty().then_some(fields)
}

/// How many fields of a pattern match any value; `None` if any field does not match.
fn open_fields(pattern: &Fields<'_>, function: &Fields<'_>) -> Option<usize> {
    let matches = |(pattern, value): (&&[u8], &&[u8])| *pattern == ANY || pattern == value;
    let is_match = pattern.iter().zip(function).all(matches);
    is_match.then(|| pattern.iter().filter(|field| **field == ANY).count())
}

/// Reads a line `alias vfio_pci:PATTERN MODULE`.
fn vfio_line(line: &[u8]) -> Option<(Fields<'_>, &[u8])> {
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let (alias, pattern, module) = (words.next()?, words.next()?, words.next()?);
    let is_whole = alias == b"alias" && words.next().is_none();
    let pattern = pattern.strip_prefix(b"vfio_pci:").filter(|_| is_whole)?;
    Some((fields(pattern)?, module))
}

/// A function's own alias, from its attribute `modalias`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modalias<'a>(Fields<'a>);

impl<'a> Modalias<'a> {
    /// Reads the first line of the attribute; `None` if it is no PCI alias.
    pub fn parse(text: &'a [u8]) -> Option<Modalias<'a>> {
        let line = text.split(|&b| b == b'\n').next()?;
        fields(line.strip_prefix(b"pci:")?).map(Modalias)
    }

    /// The module with the VFIO driver that matches best: the pattern with the fewest fields for any value, the first
    /// if there are several. Invalid lines are skipped. `None` if no pattern matches.
    pub fn best_vfio_module<'t>(&self, modules_alias: &'t [u8]) -> Option<&'t [u8]> {
        modules_alias
            .split(|&b| b == b'\n')
            .filter_map(vfio_line)
            .filter_map(|(pattern, module)| Some((open_fields(&pattern, &self.0)?, module)))
            .min_by_key(|(open_fields, _)| *open_fields)
            .map(|(_, module)| module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The function of the patterns below, worked out by hand from the rule.
    const FUNCTION: &[u8] = b"pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00\n";

    fn best(lines: &str) -> Option<String> {
        let modalias = Modalias::parse(FUNCTION).unwrap();
        let module = modalias.best_vfio_module(lines.as_bytes())?;
        Some(String::from_utf8(module.to_vec()).unwrap())
    }

    #[test]
    fn the_line_with_the_fewest_open_fields_wins() {
        let any = "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n";
        let vendor = "alias vfio_pci:v000015B3d*sv*sd*bc*sc*i* by_vendor\n";
        let device = "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n";
        assert_eq!(best(any).as_deref(), Some("vfio_pci"));
        for order in [
            [any, vendor, device],
            [device, any, vendor],
            [vendor, device, any],
        ] {
            assert_eq!(best(&order.concat()).as_deref(), Some("mlx5_vfio_pci"));
        }
        assert_eq!(best(&[any, vendor].concat()).as_deref(), Some("by_vendor"));
    }

    #[test]
    fn of_two_that_fit_as_well_the_first_wins() {
        let by_class = "alias vfio_pci:v*d*sv*sd*bc02sc00i* by_class\n";
        let by_id = "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* by_id\n";
        assert_eq!(
            best(&[by_class, by_id].concat()).as_deref(),
            Some("by_class")
        );
        assert_eq!(best(&[by_id, by_class].concat()).as_deref(), Some("by_id"));
    }

    #[test]
    fn every_field_counts() {
        let exact = "v000015B3d0000101Esv000015B3sd00000058bc02sc00i00";
        assert_eq!(
            best(&format!("alias vfio_pci:{exact} m")).as_deref(),
            Some("m")
        );
        for (field, other, open) in [
            ("v000015B3d", "v000015B4d", "v*d"),
            ("d0000101E", "d0000101F", "d*"),
            ("sv000015B3", "sv00008086", "sv*"),
            ("sd00000058", "sd00000059", "sd*"),
            ("bc02", "bc03", "bc*"),
            ("sc00", "sc80", "sc*"),
            ("i00", "i01", "i*"),
        ] {
            let line = |text| format!("alias vfio_pci:{} m", exact.replacen(field, text, 1));
            assert_eq!(best(&line(other)), None, "{other}");
            assert_eq!(best(&line(open)).as_deref(), Some("m"), "{open}");
        }
    }

    #[test]
    fn other_lines_and_broken_ones_are_passed_over() {
        let lines = "\
            # Aliases extracted from modules themselves.\n\
            alias pci:v*d*sv*sd*bc*sc*i* host_driver\n\
            alias vfio_pci:v*d*sv*sd*bc*sc* too_short\n\
            alias vfio_pci:v*d*sv*sd*bc*sc*i*x too_long\n\
            alias vfio_pci:v*d*sv*sd*bc*sc*i*\n\
            alias vfio_pci:v*d*sv*sd*bc*sc*i* two modules\n\
            alias vfio_pci:vd*sv*sd*bc*sc*i* no_value\n\
            alias vfio_pci:d*v*sv*sd*bc*sc*i* other_order\n\
            option vfio_pci:v*d*sv*sd*bc*sc*i* no_alias\n\
            alias\n\n \n\
            alias  vfio_pci:v*d*sv*sd*bc*sc*i*\tblanks \n";
        assert_eq!(best(lines).as_deref(), Some("blanks"));
        assert_eq!(best(""), None);
    }

    #[test]
    fn what_is_no_pci_alias_is_refused() {
        for text in [
            &b""[..],
            b"\n",
            b"usb:v1D6Bp0002d0602dc09dsc00dp01ic09isc00ip00in00",
            b"pci:",
            b"pci:v00008086",
            b"pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00 ",
            b"pci:v00008086d000010d3sv00008086sd00000000bc02sc00i00",
        ] {
            assert_eq!(Modalias::parse(text), None, "{text:?}");
        }
    }
}
