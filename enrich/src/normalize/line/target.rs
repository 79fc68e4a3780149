//! Puts the named values of a line into the columns that they mean.

use magistrate_event::{Class, Field, Kind, Timestamp, Value};

use super::super::url::set_url;
use super::draft::{Draft, add_int, add_text};
use super::time;
use super::vocabulary::{
    Outcome, http_activity, is_known_method, is_mail_address, set_endpoint, set_http_status,
    set_method, set_user, severity_of_word,
};

/// What a named value fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A column of text.
    Text(Field),
    /// A column of whole numbers.
    Int(Field),
    /// The first column with an address, else the second with a host name.
    Endpoint(Field, Field),
    /// The user: name, and mail address where it is one.
    User,
    /// The mail address of the user.
    UserMail,
    /// The URL; makes the event an HTTP Activity.
    Url,
    /// The HTTP method; makes the event an HTTP Activity.
    Method,
    /// An HTTP status, or a word for success or failure.
    Status,
    /// A word for how grave it is.
    Severity,
    /// What the device did; the word itself is kept too.
    Action,
    /// When it happened.
    EventTime,
    /// A column of times.
    Time(Field),
}

/// A value without parts, as the line has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'a> {
    /// A text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
}

/// Whether a value found its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// It did.
    Yes,
    /// It must be kept under its own name: it does not fit, or the column is taken.
    No,
}

impl Scalar<'_> {
    fn is_absent(self) -> bool {
        matches!(self, Self::Text("" | "-"))
    }

    fn int(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Text(text) => text.parse().ok(),
        }
    }

    fn time(self, received: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Text(text) => time::read(text, received),
            Self::Int(number) => time::epoch_of_any_unit(number),
        }
    }
}

/// Fills what `target` says with `value`. The first value of a column stays.
pub(super) fn place(draft: &mut Draft, target: Target, value: Scalar<'_>) -> Placed {
    if value.is_absent() {
        return Placed::No;
    }
    let placed = match (target, value) {
        (Target::EventTime, value) => place_event_time(draft, value),
        (Target::Time(field), value) => place_time(draft, field, value),
        (Target::Int(field), value) => place_int(draft, field, value),
        (Target::Status, value) => place_status(draft, value),
        (_, Scalar::Text(text)) => place_text(draft, target, text),
        (Target::Text(_) | Target::User, Scalar::Int(number)) => {
            place_text(draft, target, &number.to_string())
        }
        (_, Scalar::Int(_)) => None,
    };
    placed.map_or(Placed::No, |()| Placed::Yes)
}

fn place_text(draft: &mut Draft, target: Target, text: &str) -> Option<()> {
    match target {
        Target::Text(field) => {
            vacant(draft, field)?;
            add_text(draft.event(), field, text);
        }
        Target::Endpoint(ip, name) => {
            vacant(draft, ip).and_then(|()| vacant(draft, name))?;
            set_endpoint(draft.event(), ip, name, text);
        }
        Target::User => {
            vacant(draft, Field::UserName)?;
            set_user(draft.event(), text);
        }
        Target::UserMail => {
            vacant(draft, Field::UserEmail).filter(|()| is_mail_address(text))?;
            add_text(draft.event(), Field::UserEmail, text);
        }
        Target::Url => {
            vacant(draft, Field::UrlString)?;
            place_url(draft, text);
        }
        Target::Method => {
            vacant(draft, Field::HttpMethod).filter(|()| is_known_method(text))?;
            set_method(draft.event(), text);
        }
        Target::Severity => {
            vacant(draft, Field::SeverityId)?;
            let severity = severity_of_word(text)?;
            add_int(draft.event(), Field::SeverityId, severity);
        }
        Target::Action => {
            vacant(draft, Field::ActionId)?;
            Outcome::of_word(text)?.set(draft.event());
            // The numbers are coarser than the word, which is kept beside them.
            return None;
        }
        Target::Int(_) | Target::Status | Target::EventTime | Target::Time(_) => return None,
    }
    Some(())
}

fn place_url(draft: &mut Draft, url: &str) {
    let event = draft.event();
    set_url(event, url);
    if event.class() != Class::HttpActivity {
        event.classify(Class::HttpActivity, http_activity(""));
    }
}

fn place_event_time(draft: &mut Draft, value: Scalar<'_>) -> Option<()> {
    let time = value
        .time(draft.received())
        .filter(|_| draft.lacks_own_time())?;
    draft.set_own_time(time);
    Some(())
}

fn place_time(draft: &mut Draft, field: Field, value: Scalar<'_>) -> Option<()> {
    vacant(draft, field)?;
    let time = value.time(draft.received())?;
    draft.event().append(field, Value::Time(time));
    Some(())
}

fn place_int(draft: &mut Draft, field: Field, value: Scalar<'_>) -> Option<()> {
    vacant(draft, field)?;
    let number = value.int()?;
    let fits = field.kind() == Kind::Long || i32::try_from(number).is_ok();
    fits.then(|| add_int(draft.event(), field, number))
}

fn place_status(draft: &mut Draft, value: Scalar<'_>) -> Option<()> {
    vacant(draft, Field::StatusId)?;
    if let Some(status) = value.int() {
        (100..1000).contains(&status).then_some(())?;
        set_http_status(draft.event(), status);
        return Some(());
    }
    let Scalar::Text(text) = value else {
        return None;
    };
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let status_id = if is_one_of(&["success", "succeeded", "successful", "ok"]) {
        1
    } else if is_one_of(&["failure", "failed", "fail", "error"]) {
        2
    } else {
        return None;
    };
    add_int(draft.event(), Field::StatusId, status_id);
    add_text(draft.event(), Field::StatusCode, text);
    Some(())
}

fn vacant(draft: &Draft, field: Field) -> Option<()> {
    draft.is_vacant(field).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft::new(Timestamp::from_micros(1_767_323_045_000_000), 100)
    }

    #[test]
    fn the_first_value_of_a_column_stays() {
        let mut draft = draft();
        let target = Target::Text(Field::Message);
        assert_eq!(place(&mut draft, target, Scalar::Text("-")), Placed::No);
        assert_eq!(place(&mut draft, target, Scalar::Text("one")), Placed::Yes);
        assert_eq!(place(&mut draft, target, Scalar::Text("two")), Placed::No);
        assert_eq!(draft.finish().text(Field::Message), Some("one"));
    }

    #[test]
    fn what_does_not_fit_is_not_placed() {
        let cases = [
            (Target::Int(Field::SrcPort), Scalar::Text("http")),
            (Target::Int(Field::SrcPort), Scalar::Int(1 << 40)),
            (Target::Method, Scalar::Text("password")),
            (Target::Url, Scalar::Int(5)),
            (Target::UserMail, Scalar::Text("ana")),
            (Target::Status, Scalar::Int(5)),
            (Target::Status, Scalar::Text("maybe")),
            (Target::Severity, Scalar::Text("loud")),
            (Target::EventTime, Scalar::Text("noon")),
            (Target::Action, Scalar::Text("hesitate")),
        ];
        for (target, value) in cases {
            let mut draft = draft();
            assert_eq!(place(&mut draft, target, value), Placed::No, "{target:?}");
            let event = draft.finish();
            assert_eq!(event.cells().count(), 1, "only the time status: {target:?}");
        }
    }

    #[test]
    fn an_action_fills_its_numbers_and_keeps_its_word() {
        let mut draft = draft();
        assert_eq!(
            place(&mut draft, Target::Action, Scalar::Text("blocked")),
            Placed::No
        );
        let event = draft.finish();
        assert_eq!(event.int(Field::ActionId), Some(2));
        assert_eq!(event.int(Field::DispositionId), Some(2));
    }

    #[test]
    fn a_url_or_a_method_makes_it_http() {
        for (target, value, activity) in [
            (Target::Url, "https://files.example.com/a", 0),
            (Target::Method, "post", 6),
        ] {
            let mut draft = draft();
            assert_eq!(place(&mut draft, target, Scalar::Text(value)), Placed::Yes);
            let event = draft.finish();
            assert_eq!(
                (event.class(), event.activity()),
                (Class::HttpActivity, activity)
            );
        }
    }
}
