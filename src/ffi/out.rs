// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Turns values into C memory. What C frees comes from `malloc`.

use std::ffi::{c_char, c_int};
use std::os::fd::{BorrowedFd, RawFd};
use std::ptr;

use super::failure::Result;
use crate::error::{Code, Error};

/// Writes through a pointer unless it is NULL.
///
/// # Safety
/// `at` is NULL or may be written.
pub(super) unsafe fn set<T>(at: *mut T, value: T) {
    if !at.is_null() {
        // SAFETY: not NULL, so writable by the caller's promise.
        unsafe { at.write(value) };
    }
}

/// Memory for `count` values of `T`, never NULL; code 2 if there is no memory.
fn allocate<T>(count: usize) -> Result<*mut T> {
    let bytes = count.checked_mul(size_of::<T>());
    let memory = match bytes {
        // SAFETY: malloc takes any size.
        Some(bytes) => unsafe { libc::malloc(bytes.max(1)) },
        None => ptr::null_mut(),
    };
    if memory.is_null() {
        return Err(Error::bare(Code::NoMemory).into());
    }
    Ok(memory.cast())
}

/// A copy of a text for C to free. For C it ends at the first NUL.
pub(super) fn text(text: &str) -> Result<*mut c_char> {
    bytes(text.as_bytes())
}

/// A copy of the bytes of a text, with a NUL added, for C to free.
pub(super) fn bytes(text: &[u8]) -> Result<*mut c_char> {
    let copy: *mut u8 = allocate(text.len() + 1)?;
    // SAFETY: the new memory holds one byte more than the text and overlaps nothing.
    unsafe { copy.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    // SAFETY: inside the new memory, see above.
    let end = unsafe { copy.add(text.len()) };
    // SAFETY: the last byte of the new memory.
    unsafe { end.write(0) };
    Ok(copy.cast())
}

/// Writes all bytes to a descriptor of the caller; code 38 if that fails.
pub(super) fn write(fd: RawFd, mut bytes: &[u8]) -> Result<()> {
    // SAFETY: open, by what the caller of an exported function promises of the number; it is not
    // kept.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    while !bytes.is_empty() {
        let written = rustix::io::retry_on_intr(|| rustix::io::write(fd, bytes));
        let written = written.map_err(|e| Error::io("cannot write", &e.into()))?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// Frees what `text` or `bytes` made.
///
/// # Safety
/// `text` is NULL or came from `malloc` and is not used afterwards.
pub(super) unsafe fn free(text: *mut c_char) {
    // SAFETY: as promised by the caller.
    unsafe { libc::free(text.cast()) };
}

/// A NULL-terminated array of pointers for C to free. It is freed here if it is not handed out.
pub(super) struct List<T> {
    array: *mut *mut T,
    length: usize,
}

impl<T> List<T> {
    /// An array for `length` pointers and the NULL behind them.
    pub(super) fn new(length: usize) -> Result<Self> {
        let array = allocate(length.saturating_add(1))?;
        Ok(List { array, length })
    }

    /// Fills the array with as many of these pointers as fit, and hands it out.
    pub(super) fn fill(self, pointers: &[*mut T]) -> *mut *mut T {
        let filled = pointers.len().min(self.length);
        // SAFETY: the array has room for them and overlaps nothing.
        unsafe { (self.array).copy_from_nonoverlapping(pointers.as_ptr(), filled) };
        // SAFETY: inside the array, which holds one more than `length`.
        let end = unsafe { self.array.add(filled) };
        // SAFETY: as above.
        unsafe { end.write(ptr::null_mut()) };
        std::mem::ManuallyDrop::new(self).array
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        // SAFETY: from malloc in `new`, and not handed out.
        unsafe { libc::free(self.array.cast()) };
    }
}

/// Writes copies of all texts into an array of the caller, or of none if memory runs out (code 2).
///
/// # Safety
/// `array` has room for as many pointers as there are texts.
pub(super) unsafe fn names<'a>(
    array: *mut *mut c_char,
    texts: impl ExactSizeIterator<Item = &'a [u8]>,
) -> Result<c_int> {
    let mut copies = Copies(Vec::with_capacity(texts.len()));
    for text in texts {
        copies.0.push(bytes(text)?);
    }
    let copies = std::mem::take(&mut copies.0);
    let count = count(copies.len())?;
    if count > 0 {
        // SAFETY: the caller has room for them all, and the vector is new memory.
        unsafe { array.copy_from_nonoverlapping(copies.as_ptr(), copies.len()) };
    }
    Ok(count)
}

/// Copies that are freed unless they are taken out.
struct Copies(Vec<*mut c_char>);

impl Drop for Copies {
    fn drop(&mut self) {
        for copy in self.0.drain(..) {
            // SAFETY: made by `bytes`, and C has not seen it.
            unsafe { free(copy) };
        }
    }
}

/// A count for C; an error if it is too large.
pub(super) fn count(count: usize) -> Result<c_int> {
    c_int::try_from(count).map_err(|_| {
        let text = format!("{count} is more than an int can hold");
        Error::new(Code::InternalError, text).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn a_text_is_copied_with_its_end() {
        let copy = text("käse").unwrap();
        // SAFETY: `text` made a NUL-terminated string.
        let seen = unsafe { CStr::from_ptr(copy) };
        assert_eq!(seen.to_bytes(), "käse".as_bytes());
        // SAFETY: made by `text`.
        unsafe { free(copy) };
    }

    #[test]
    fn a_list_ends_with_null() {
        let mut values = [1u8, 2];
        let [a, b] = &mut values;
        let (a, b): (*mut u8, *mut u8) = (a, b);
        let array = List::new(2).unwrap().fill(&[a, b]);
        // SAFETY: the list has three pointers.
        let seen = unsafe { std::slice::from_raw_parts(array, 3) };
        assert_eq!(seen, [a, b, ptr::null_mut()]);
        // SAFETY: made by malloc.
        unsafe { libc::free(array.cast()) };
        let empty = List::<u8>::new(0).unwrap().fill(&[]);
        // SAFETY: the list has one pointer.
        assert!(unsafe { *empty }.is_null());
        // SAFETY: made by malloc.
        unsafe { libc::free(empty.cast()) };
    }

    #[test]
    fn names_fill_only_what_they_need() {
        let mut array = [ptr::null_mut(); 3];
        let texts: [&[u8]; 2] = [b"a", b""];
        // SAFETY: the array is larger than the texts.
        let stored = unsafe { names(array.as_mut_ptr(), texts.into_iter()) };
        assert_eq!(stored.unwrap(), 2);
        // SAFETY: `names` made NUL-terminated strings.
        assert_eq!(unsafe { CStr::from_ptr(array[0]) }, c"a");
        // SAFETY: as above.
        assert_eq!(unsafe { CStr::from_ptr(array[1]) }, c"");
        assert!(array[2].is_null());
        for copy in array {
            // SAFETY: NULL or made by `names`.
            unsafe { free(copy) };
        }
    }

    #[test]
    fn no_names_need_no_array() {
        // SAFETY: nothing is written.
        let stored = unsafe { names(ptr::null_mut(), std::iter::empty::<&[u8]>()) };
        assert_eq!(stored.unwrap(), 0);
    }

    #[test]
    fn a_size_that_overflows_is_out_of_memory() {
        let error = allocate::<u64>(usize::MAX / 4).unwrap_err();
        assert_eq!(error, Error::bare(Code::NoMemory).into());
        assert_eq!(allocate::<u8>(usize::MAX).unwrap_err(), error);
        assert!(List::<u8>::new(usize::MAX).is_err());
    }
}
