//! Gives back the memory that the embedded files take once they have been read.

use rustix::mm::{Advice, madvise};

/// A page is no larger on any machine that this runs on, and a multiple of what it is there.
const PAGE: usize = 64 << 10;

/// Lets go of the pages of `bytes`, a part of the program's file: the kernel reads them again where
/// somebody looks. Nothing is to be done where it cannot.
#[expect(
    unsafe_code,
    reason = "advice on memory that stays as it is for whoever reads it"
)]
pub(super) fn let_go(bytes: &'static [u8]) {
    let skipped = bytes.as_ptr().align_offset(PAGE);
    let Some(whole) = bytes.get(skipped..) else {
        return;
    };
    let len = whole.len() / PAGE * PAGE;
    if len == 0 {
        return;
    }
    let start = whole.as_ptr().cast_mut().cast();
    // SAFETY: these are whole pages of a constant: mapped from the program's file, never written,
    // so that what is read of them later is what the file has, as before.
    let _ = unsafe { madvise(start, len, Advice::LinuxDontNeed) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipped::files::{FILES, TIER2};

    /// Resident bytes (proc(5), `VmRSS`).
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let size = line.unwrap().split_whitespace().nth(1).unwrap();
        size.parse::<usize>().unwrap() << 10
    }

    #[test]
    fn what_was_let_go_takes_no_memory_and_is_read_again() {
        let sum = || TIER2.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        let before = sum();
        let held = resident();
        let_go(TIER2);
        let left = resident();
        assert!(left + TIER2.len() / 2 < held, "{held} and then {left}");
        assert_eq!(sum(), before);
    }

    #[test]
    fn small_files_are_left_alone() {
        for file in &FILES {
            let_go(file.bytes.get(..100).unwrap());
        }
    }
}
