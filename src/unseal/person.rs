//! Who is asking: the user and host of this process, as the system knows them.

use std::io::Read as _;

/// No file of users that is read is longer; more of it is not looked at.
const MAX_PASSWD_BYTES: u64 = 4 * 1024 * 1024;
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
        let users = read("/etc/passwd");
        let uid = rustix::process::getuid().as_raw();
        let login_uid = read("/proc/self/loginuid").trim().parse().ok();
        let login_uid = login_uid.filter(|uid| *uid != NO_LOGIN);
        let claimed = std::env::var("SUDO_USER").ok();
        let system = rustix::system::uname();
        Self {
            uid,
            name: name_of(uid, &users),
            login_uid,
            login_name: login_uid.and_then(|uid| name_of(uid, &users)),
            sudo_user: claimed.filter(|name| (1..=MAX_NAME_BYTES).contains(&name.len())),
            host: system.nodename().to_string_lossy().into_owned(),
        }
    }
}

fn read(path: &str) -> String {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    // What cannot be read names nobody.
    let _ = file.and_then(|file| file.take(MAX_PASSWD_BYTES).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The name of user `uid` in the text of passwd(5).
fn name_of(uid: u32, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        let number: u32 = parts.nth(1)?.parse().ok()?;
        (number == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\nbroken\n:x:7:\nada:x:1000:1000::/home/ada:\n";
        assert_eq!(name_of(0, users).as_deref(), Some("root"));
        assert_eq!(name_of(1000, users).as_deref(), Some("ada"));
        assert_eq!(name_of(7, users), None);
        assert_eq!(name_of(5, users), None);
    }

    #[test]
    fn this_process_has_a_host() {
        assert!(!Person::of_this_process().host.is_empty());
    }
}
