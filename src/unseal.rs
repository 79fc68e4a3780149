//! `magistrate unseal`: shows what was masked, after saying in the lake who looked and why.

mod access;
mod attempt;
mod person;
mod print;

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use magistrate_enrich::{UnsealKey, parse_token};
use magistrate_event::EventUid;
use magistrate_sinks::lake::Wanted;

use crate::check;
use crate::cli::UnsealArguments;
use crate::exit::{Failure, Outcome};
use crate::keys;

use self::access::Inquiry;
use self::attempt::Attempt;
use self::person::Person;

/// So many rows can be asked for at once: each makes an access row.
const MAX_UIDS: usize = 1000;
/// A longer reason is no reason, in bytes.
const MAX_REASON_BYTES: usize = 4096;

/// Opens the sealed originals of rows, writes the access rows, and only then prints.
pub(crate) fn command(arguments: &UnsealArguments) -> Outcome {
    let config = check::sound(&arguments.place)?;
    let inquiry = Inquiry {
        reason: reason(&arguments.reason)?.to_owned(),
        wanted: wanted(arguments)?,
        person: Person::of_this_process(),
    };
    if !config.data.join("lake").is_dir() {
        let message = format!("`{}` has no lake", config.data.display());
        return Err(Failure::Usage(message));
    }
    check_owner(&config.data)?;
    warn(keys::open_to_others(&arguments.key_file));
    let (attempts, unread) = match read_key(arguments) {
        Ok(key) => attempt::rows(&config, &inquiry.wanted, &key)?,
        Err(error) => (attempt::without_key(&inquiry.wanted, &error), Vec::new()),
    };
    access::log(&config, &inquiry, &attempts)?;
    warn(unread.iter().map(|file| {
        let path = file.path.display();
        format!("cannot search `{path}`: {}", file.source)
    }));
    print::attempts(&attempts, arguments.into())?;
    if attempts.iter().all(Attempt::is_opened) && unread.is_empty() {
        Ok(())
    } else {
        Err(Failure::NotSo)
    }
}

/// Files that another user makes in the data folder could not be used by the instance.
fn check_owner(folder: &Path) -> Result<(), Failure> {
    let owner = std::fs::metadata(folder)?.uid();
    let own = rustix::process::geteuid().as_raw();
    if owner == own {
        return Ok(());
    }
    let folder = folder.display();
    let message = format!("`{folder}` belongs to user {owner}; run unseal as that user, not {own}");
    Err(Failure::Usage(message))
}

fn reason(text: &str) -> Result<&str, Failure> {
    let text = text.trim();
    if text.is_empty() {
        let message = "a reason is asked for, such as --reason \"ticket 4711\"";
        return Err(Failure::Usage(message.to_owned()));
    }
    if text.len() > MAX_REASON_BYTES {
        let message = format!("the reason has more than {MAX_REASON_BYTES} bytes");
        return Err(Failure::Usage(message));
    }
    Ok(text)
}

fn wanted(arguments: &UnsealArguments) -> Result<Wanted, Failure> {
    if let Some(text) = &arguments.token {
        let token = parse_token(text).ok_or_else(|| {
            Failure::Usage(format!(
                "`{text}` is no token: expected 16 characters of a-z and 2-7, or a whole marker"
            ))
        })?;
        return Ok(Wanted::Token(token.to_owned()));
    }
    if arguments.uids.len() > MAX_UIDS {
        let message = format!("more than {MAX_UIDS} rows at once");
        return Err(Failure::Usage(message));
    }
    let mut uids: Vec<EventUid> = Vec::with_capacity(arguments.uids.len());
    for text in &arguments.uids {
        let uid = text
            .parse()
            .map_err(|error| Failure::Usage(format!("`{text}`: {error}")))?;
        if !uids.contains(&uid) {
            uids.push(uid);
        }
    }
    Ok(Wanted::Uids(uids))
}

fn read_key(arguments: &UnsealArguments) -> anyhow::Result<UnsealKey> {
    use anyhow::Context as _;
    let what = || {
        let path = arguments.key_file.display();
        format!("cannot read private seal key from file `{path}`")
    };
    let bytes = keys::read_file(&arguments.key_file).with_context(what)?;
    let text = std::str::from_utf8(&bytes).with_context(what)?;
    UnsealKey::parse(text).with_context(what)
}

/// Tells on standard error, which is not part of the answer.
fn warn(warnings: impl IntoIterator<Item = String>) {
    use std::io::Write as _;
    let mut stderr = std::io::stderr().lock();
    for warning in warnings {
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(stderr, "magistrate: warning: {warning}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_of_the_data_may_ask() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_owner(folder.path()).is_ok());
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(1000), None).unwrap();
            assert!(matches!(check_owner(folder.path()), Err(Failure::Usage(_))));
        }
    }

    #[test]
    fn a_blank_or_endless_reason_is_refused() {
        assert_eq!(reason(" ticket 4711\n").unwrap(), "ticket 4711");
        for text in ["", " ", "\t\n\u{a0}", &"x".repeat(MAX_REASON_BYTES + 1)] {
            assert!(matches!(reason(text), Err(Failure::Usage(_))), "{text:?}");
        }
    }
}
