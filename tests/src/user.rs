//! Another user to run a program as. Only for root, whom PostgreSQL refuses.

use std::{os::unix::fs::chown, path::Path};

/// In order of preference; the second is everywhere.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

impl User {
    /// Somebody without rights if this is root; `None` if it is not.
    ///
    /// # Panics
    /// When root's machine has no such user.
    pub fn if_root() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let users = std::fs::read_to_string("/etc/passwd").expect("the list of users");
        let user = UNPRIVILEGED.iter().find_map(|name| Self::named(name, &users));
        Some(user.unwrap_or_else(|| {
            panic!("none of the users {UNPRIVILEGED:?} is there; run this as one who is not root")
        }))
    }

    /// `name:password:uid:gid:…`, a line for each user.
    fn named(name: &str, users: &str) -> Option<Self> {
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
        Some(Self { uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    }

    /// Makes the user the owner of a file or folder.
    pub fn own(self, path: &Path) {
        chown(path, Some(self.uid), Some(self.gid)).expect("root gives away what is its own");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104:,,,:/:/bin/sh\nnobody:*:-2:-2::/:/bin/sh\n";
        assert_eq!(User::named("postgres", users), Some(User { uid: 101, gid: 104 }));
        assert_eq!(User::named("nobody", users), None);
        assert_eq!(User::named("", users), None);
    }
}
