//! Leaves no memory behind when the program crashes.

/// Has the system write no core dump; to be called before anything is read.
///
/// Memory holds secrets that are not redacted yet, and a dump is a file, or goes to a program that keeps
/// it.
pub(crate) fn settle() {
    let none = rustix::process::Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Less is always granted.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    #[cfg(target_os = "linux")]
    {
        // The limit is not asked where dumps go to a program (core(5)). Refused by a filter of system
        // calls only.
        let never = rustix::process::DumpableBehavior::NotDumpable;
        let _ = rustix::process::set_dumpable_behavior(never);
    }
}
