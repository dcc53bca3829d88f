// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which of the uevents that the kernel counts have come.

use std::collections::BTreeSet;

/// Which uevents were received, or are known to be of no interest, by their numbers.
#[derive(Debug, Default)]
pub struct Received {
    /// The count when the host was last scanned: the scan has seen what happened before.
    pub scanned: u64,
    /// All up to this one were received.
    pub all_to: u64,
    /// These were as well: udevd's workers, and the kernel on several processors, send out of order.
    beyond: BTreeSet<u64>,
}

impl Received {
    /// The host is scanned when the kernel has sent so many.
    pub fn scan(&mut self, count: u64) {
        self.scanned = count;
        self.pass(count);
    }

    /// No uevent up to this number is waited for, but one that arrives late still counts as new.
    pub fn pass(&mut self, count: u64) {
        self.beyond = self.beyond.split_off(&(count + 1));
        self.all_to = count;
        self.note(count);
    }

    /// One with this number was received.
    pub fn note(&mut self, number: u64) {
        if number > self.all_to {
            self.beyond.insert(number);
        }
        while self.beyond.remove(&(self.all_to + 1)) {
            self.all_to += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_out_of_order_leave_no_gap() {
        let mut received = Received::default();
        received.scan(10);
        for (number, all_to) in [(9, 10), (12, 10), (13, 10), (11, 13), (15, 13), (14, 15)] {
            received.note(number);
            assert_eq!(received.all_to, all_to);
        }
        received.note(20);
        received.scan(18);
        assert_eq!(received.all_to, 18);
        received.note(19);
        assert_eq!(received.all_to, 20);
    }
}
