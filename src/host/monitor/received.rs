// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Which of the uevents that the kernel counts were received.

use std::collections::BTreeSet;

/// The numbers of the uevents that were received, or are known to be of no interest.
#[derive(Debug, Default)]
pub struct Received {
    /// The kernel's count before the host was last scanned. The scan shows what happened up to there.
    pub scanned: u64,
    /// All uevents up to this number were received.
    pub all_to: u64,
    /// Later numbers that were received too: udevd's workers, and the kernel on several processors, send out of order.
    beyond: BTreeSet<u64>,
}

impl Received {
    /// Notes that the host was scanned after the kernel had sent so many.
    pub fn scan(&mut self, count: u64) {
        self.scanned = count;
        self.pass(count);
    }

    /// Stops to wait for uevents up to this number. One that still arrives is not ignored.
    pub fn pass(&mut self, count: u64) {
        self.beyond = self.beyond.split_off(&(count + 1));
        self.all_to = count;
        self.note(count);
    }

    /// Notes that the uevent with this number was received.
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
