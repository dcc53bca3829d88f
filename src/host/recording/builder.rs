// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Makes a recording from the notes of what was read.

use std::collections::{HashMap, HashSet, VecDeque};

use super::notes::Note;
use super::{Entry, LINK_LIMIT, Recording, components};
use crate::error::Result;
use crate::host::files::Files;
use crate::host::found::Found;
use crate::host::source::LIMIT;

/// The recording of all that was read of `files` since [`Files::noted`]; empty if no notes were taken. Links on the
/// paths to what was read are read from the files once more.
pub fn recording_of(files: Files) -> Result<Recording> {
    let Some((files, notes)) = files.into_notes() else {
        return Ok(Recording::default());
    };
    let mut builder = Builder {
        files: &files,
        recording: Recording::default(),
        links: HashMap::new(),
    };
    let mut lists = Vec::new();
    let mut sizes = Vec::new();
    let mut unreadable = HashSet::new();
    for (path, note) in notes.into_inner() {
        let is_link = matches!(note, Note::Link(_));
        let Some(place) = builder.place(&path, !is_link)? else {
            continue;
        };
        match note {
            Note::Content(content) => builder.put_content(&place, content),
            Note::Link(target) => builder.recording.put(&place, Entry::Link(target)),
            Note::Exists => builder.put_stub(&place)?,
            Note::Size(size) => sizes.push((place, size)),
            Note::Names(names) => lists.push((place, names)),
            Note::Unreadable => {
                unreadable.insert(place);
            }
        }
    }
    for (place, names) in &lists {
        builder.put_names(place, names, &unreadable)?;
    }
    for (place, size) in sizes {
        builder.fill(&place, size);
    }
    Ok(builder.recording)
}

/// A path without links: the names that lead from the root to something.
type Place = Vec<Vec<u8>>;

struct Builder<'a> {
    files: &'a Files,
    recording: Recording,
    /// The targets of the paths that were looked at; `None` for a path that is no link.
    links: HashMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Builder<'_> {
    /// Follows a path and adds the links on it to the recording; `None` if it leads nowhere. The last component is
    /// followed if `to_end`.
    fn place(&mut self, path: &[u8], to_end: bool) -> Found<Place> {
        let mut place = Place::new();
        let mut rest: VecDeque<Vec<u8>> = components(path).map(<[u8]>::to_vec).collect();
        let mut count = 0;
        while let Some(name) = rest.pop_front() {
            if name == b".." {
                if place.pop().is_none() {
                    return Ok(None);
                }
                continue;
            }
            place.push(name);
            if rest.is_empty() && !to_end {
                break;
            }
            let own = absolute(&place);
            let link = match self.links.get(&own) {
                Some(link) => link.clone(),
                None => {
                    let link = self.files.read_link(&own)?;
                    self.links.insert(own, link.clone());
                    link
                }
            };
            let Some(target) = link else {
                continue;
            };
            count += 1;
            if count > LINK_LIMIT || target.starts_with(b"/") {
                return Ok(None);
            }
            self.recording.put(&place, Entry::Link(target.clone()));
            place.pop();
            for name in components(&target).rev() {
                rest.push_front(name.to_vec());
            }
        }
        Ok(Some(place))
    }

    fn put_content(&mut self, place: &Place, content: Vec<u8>) {
        let Some((name, above)) = place.split_last() else {
            return;
        };
        let Some(folder) = self.recording.folder(above) else {
            return;
        };
        match folder.get_mut(name) {
            // Another read of the file got more of it.
            Some(Entry::File(known)) if known.len() >= content.len() => {}
            Some(Entry::File(known)) => *known = content,
            Some(_) => {}
            None => {
                folder.insert(name.clone(), Entry::File(content));
            }
        }
    }

    /// Adds an empty entry of the right kind for something whose content was not read.
    fn put_stub(&mut self, place: &Place) -> Result<()> {
        let own = absolute(place);
        if let Some(target) = self.files.read_link(&own)? {
            self.recording.put(place, Entry::Link(target));
        } else if self.files.entries(&own)?.is_some() {
            self.recording.folder(place);
        } else {
            self.recording.put(place, Entry::File(Vec::new()));
        }
        Ok(())
    }

    /// Adds the names that a folder lists, and brings its entries into that order.
    fn put_names(
        &mut self,
        place: &Place,
        names: &[Vec<u8>],
        unreadable: &HashSet<Place>,
    ) -> Result<()> {
        let mut child = place.clone();
        for name in names {
            child.push(name.clone());
            if !unreadable.contains(&child) {
                self.put_stub(&child)?;
            }
            child.pop();
        }
        let order: HashMap<&[u8], usize> = names.iter().map(Vec::as_slice).zip(0..).collect();
        let position = |name: &[u8]| order.get(name).copied().unwrap_or(usize::MAX);
        if let Some(folder) = self.recording.folder(place) {
            folder.sort_by(|one, _, two, _| position(one).cmp(&position(two)));
        }
        Ok(())
    }

    /// Fills a file whose start was read with zeros up to the size that was noted.
    fn fill(&mut self, place: &Place, size: u64) {
        let Some((name, above)) = place.split_last() else {
            return;
        };
        let folder = self.recording.folder(above);
        if let Some(Entry::File(content)) = folder.and_then(|folder| folder.get_mut(name)) {
            let size = usize::try_from(size).unwrap_or(0).min(LIMIT);
            content.resize(size.max(content.len()), 0);
        }
    }
}

fn absolute(place: &Place) -> Vec<u8> {
    let mut path = Vec::new();
    for name in place {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    path
}
