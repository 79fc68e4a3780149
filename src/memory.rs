//! How the program gets its memory from the system.

/// Fewer page faults and less CPU per record than the system's allocator under many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc 3 (mimalloc.h), which the crate does not name.
const PURGE_DELAY: core::ffi::c_int = 15;
/// Milliseconds after which memory that nobody uses goes back to the system; mimalloc 2's choice.
const PURGE_DELAY_MS: core::ffi::c_long = 10;

#[expect(unsafe_code, reason = "a function of the allocator's library")]
unsafe extern "C" {
    /// Sets an option that the environment does not set.
    safe fn mi_option_set_default(option: core::ffi::c_int, value: core::ffi::c_long);
}

/// Keeps no memory that is not used; to be called before anything else.
///
/// The allocator would ask for huge pages (2 MiB). A batch's buffers come and go a few hundred
/// kilobytes at a time: each return costs a whole huge page, which the system must then clear
/// anew, and memory that is used in part counts in full. Without them a record costs a tenth less
/// CPU and the program a quarter less memory.
///
/// It would also keep for a second what is given back. Threads that work by turns then hold each their
/// own: files that are written, checkpoints, texts that are judged.
pub(crate) fn settle() {
    mi_option_set_default(PURGE_DELAY, PURGE_DELAY_MS);
    #[cfg(target_os = "linux")]
    {
        // Refused by an old system, or by a filter of system calls: then it only costs more.
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
}
