// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Many names in little memory, found by the number that each belongs to.

use crate::text;

/// Names by numbers of the type `K`.
#[derive(Default)]
pub struct Table<K> {
    /// All names, one after the other, as the file has them.
    names: Vec<u8>,
    entries: Vec<NameRange<K>>,
}

/// Where a name is in `names`.
struct NameRange<K> {
    key: K,
    start: u32,
    length: u16,
}

impl<K: Ord + Copy> Table<K> {
    /// Adds a name; one that is too long is left out.
    pub fn add(&mut self, key: K, name: &[u8]) {
        let (start, length) = (u32::try_from(self.names.len()), u16::try_from(name.len()));
        if let (Ok(start), Ok(length)) = (start, length) {
            self.entries.push(NameRange { key, start, length });
            self.names.extend_from_slice(name);
        }
    }

    /// Brings what was added into an order in which it is found. Of two names for a number the first counts.
    pub fn finish(&mut self) {
        // Names stand in the order in which they were added.
        self.entries
            .sort_unstable_by_key(|entry| (entry.key, entry.start));
        self.entries.dedup_by_key(|entry| entry.key);
        self.entries.shrink_to_fit();
        self.names.shrink_to_fit();
    }

    /// The name for a number; `None` if there is none.
    pub fn find(&self, key: K) -> Option<String> {
        let index = self.entries.binary_search_by_key(&key, |entry| entry.key);
        let entry = &self.entries[index.ok()?];
        let start = entry.start as usize;
        let name = &self.names[start..start + usize::from(entry.length)];
        Some(text::clean(name)).filter(|name| !name.is_empty())
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}
