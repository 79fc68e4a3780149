//! Names of users and groups, as passwd(5) and group(5) of this machine tell them.

use std::io::Read as _;

/// No file of users that is read is longer; more of it is not looked at.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The users and groups of a machine. Those of a directory service are not among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Users {
    users: String,
    groups: String,
}

impl Users {
    /// Those of `/etc/passwd` and `/etc/group`.
    pub(crate) fn of_this_machine() -> Self {
        Self {
            users: read("/etc/passwd"),
            groups: read("/etc/group"),
        }
    }

    /// The name of user `uid`.
    pub(crate) fn name_of(&self, uid: u32) -> Option<String> {
        name_in(&self.users, uid).map(str::to_owned)
    }

    /// The user with name and number: `ada (1000)`.
    pub(crate) fn called(&self, uid: u32) -> String {
        called(name_in(&self.users, uid), uid)
    }

    /// The group with name, number and members: `staff (50): ana, bo`.
    pub(crate) fn group_called(&self, gid: u32) -> String {
        let name = called(name_in(&self.groups, gid), gid);
        let members = self.members(gid);
        if members.is_empty() {
            name
        } else {
            format!("{name}: {}", members.join(", "))
        }
    }

    /// Who is in the group: those whose own group it is, and those that it names.
    fn members(&self, gid: u32) -> Vec<&str> {
        let own = self.users.lines().filter_map(|line| {
            let mut parts = line.split(':');
            let name = parts.next()?;
            let group: u32 = parts.nth(2)?.parse().ok()?;
            (group == gid).then_some(name)
        });
        let line = line_of(&self.groups, gid).unwrap_or_default();
        let named = line.split(':').nth(3).unwrap_or_default().split(',');
        let mut members: Vec<&str> = own.chain(named).map(str::trim).collect();
        members.retain(|name| !name.is_empty());
        members.sort_unstable();
        members.dedup();
        members
    }
}

/// The text of a small file of the system; what cannot be read says nothing.
pub(crate) fn read(path: &str) -> String {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    // What cannot be read names nobody.
    let _ = file.and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn called(name: Option<&str>, number: u32) -> String {
    match name {
        Some(name) => format!("{name} ({number})"),
        None => number.to_string(),
    }
}

/// The name beside `number`: both files begin with name, password, number.
fn name_in(text: &str, number: u32) -> Option<&str> {
    line_of(text, number)?.split(':').next()
}

fn line_of(text: &str, number: u32) -> Option<&str> {
    text.lines().find(|line| {
        let mut parts = line.split(':');
        let is_named = parts.next().is_some_and(|name| !name.is_empty());
        let found = parts.nth(1).and_then(|part| part.parse().ok());
        is_named && found == Some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Users {
        Users {
            users: "root:x:0:0:root:/root:/bin/sh\n\nbroken\n:x:7:\nada:x:1000:1000::/home/ada:\nbo:x:1001:50::/:\n".to_owned(),
            groups: "root:x:0:\nstaff:x:50:ada,cy\nada:x:1000:\n".to_owned(),
        }
    }

    #[test]
    fn a_user_is_known_by_number() {
        let users = users();
        assert_eq!(users.name_of(0).as_deref(), Some("root"));
        assert_eq!(users.name_of(1000).as_deref(), Some("ada"));
        assert_eq!(users.name_of(7), None);
        assert_eq!(users.name_of(5), None);
        assert_eq!(users.called(1000), "ada (1000)");
        assert_eq!(users.called(5), "5");
    }

    #[test]
    fn a_group_has_those_that_it_names_and_those_whose_own_it_is() {
        let users = users();
        assert_eq!(users.group_called(50), "staff (50): ada, bo, cy");
        assert_eq!(users.group_called(1000), "ada (1000): ada");
        assert_eq!(users.group_called(7), "7");
    }
}
