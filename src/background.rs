//! What threads have in common that nobody waits for: they give way to those that answer, and say how
//! they ended.

/// How far below the others: the system gives such a thread about a third of their share of a busy core.
const NICE: i32 = 5;

/// How much of its work a thread had done when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All of it.
    Complete,
    /// Some waits in the queue for the next start.
    Short,
}

/// Has the thread that calls this give way to the others.
///
/// On a machine with few cores an answer otherwise waits until analysis or lake have used up their turn.
pub(crate) fn give_way() {
    #[cfg(target_os = "linux")]
    {
        // Of a thread's number the system sets that thread's alone (setpriority(2)). Giving way is always
        // granted, but for filters of system calls: then it only costs time.
        let this = rustix::thread::gettid();
        if let Ok(now) = rustix::process::getpriority_process(Some(this)) {
            let _ = rustix::process::setpriority_process(Some(this), now + NICE);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_thread_alone_gives_way() {
        let nice = || {
            let this = rustix::thread::gettid();
            rustix::process::getpriority_process(Some(this)).unwrap()
        };
        let before = nice();
        let given = std::thread::spawn(move || {
            give_way();
            nice()
        });
        assert_eq!(given.join().unwrap(), (before + NICE).min(19));
        assert_eq!(nice(), before);
    }
}
