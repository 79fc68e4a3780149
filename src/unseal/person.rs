//! Who is asking: the user and host of this process, as the system knows them.

use crate::users::{Users, read};

/// No user's name is longer (useradd allows 256 at most).
const MAX_NAME_BYTES: usize = 256;
/// What the kernel says where nobody has logged in.
const NO_LOGIN: u32 = u32::MAX;

/// The person behind a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// The user's number.
    pub(super) uid: u32,
    /// The user's name in `/etc/passwd`.
    pub(super) name: Option<String>,
    /// The number of the user who logged in, which sudo does not change; where the kernel keeps it.
    pub(super) login_uid: Option<u32>,
    /// That user's name in `/etc/passwd`.
    pub(super) login_name: Option<String>,
    /// Who called sudo, by what it left in the environment: a claim, not a proof.
    pub(super) sudo_user: Option<String>,
    /// The host.
    pub(super) host: String,
}

impl Person {
    /// Whoever runs this process.
    pub(super) fn of_this_process() -> Self {
        let users = Users::of_this_machine();
        let uid = rustix::process::getuid().as_raw();
        let login_uid = read("/proc/self/loginuid").trim().parse().ok();
        let login_uid = login_uid.filter(|uid| *uid != NO_LOGIN);
        let claimed = std::env::var("SUDO_USER").ok();
        let system = rustix::system::uname();
        Self {
            uid,
            name: users.name_of(uid),
            login_uid,
            login_name: login_uid.and_then(|uid| users.name_of(uid)),
            sudo_user: claimed.filter(|name| (1..=MAX_NAME_BYTES).contains(&name.len())),
            host: system.nodename().to_string_lossy().into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_host() {
        assert!(!Person::of_this_process().host.is_empty());
    }
}
