//! Decides whether a value is one that OCSF's type of its attribute admits.

use std::net::IpAddr;

use magistrate_event::{Cell, Field, Kind, Value};

use super::captions;
use super::classes::Shape;

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stands at its path.
    Fits,
    /// Its number is not in the attribute's list: 99 stands at its path, it itself is moved out.
    Other,
    /// It is moved out.
    Breaks,
}

/// A rule for the values of one attribute.
enum Rule {
    Ip,
    Port,
    Email,
    Method,
    /// Numbers from 0, both ends included, and 99.
    UpTo(i64),
    /// Listed numbers.
    OneOf(&'static [i64]),
    /// A list of objects, at least one.
    Objects,
}

/// Attributes that take less than their kind does. `status_id` has a list per class.
const RULES: &[(Field, Rule)] = &[
    (Field::SeverityId, Rule::UpTo(6)),
    (Field::ActionId, Rule::UpTo(4)),
    (Field::DispositionId, Rule::UpTo(27)),
    (
        Field::DeviceTypeId,
        Rule::OneOf(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 99]),
    ),
    (
        Field::DeviceOsTypeId,
        Rule::OneOf(&[0, 99, 100, 101, 200, 201, 300, 301, 302, 400, 401, 402]),
    ),
    (Field::FileTypeId, Rule::UpTo(8)),
    (Field::AiRoleId, Rule::UpTo(6)),
    (Field::AnalyticTypeId, Rule::UpTo(9)),
    (Field::ConfidenceId, Rule::UpTo(3)),
    (Field::RiskLevelId, Rule::UpTo(4)),
    (Field::FindingAttacks, Rule::Objects),
    (Field::RelatedEvents, Rule::Objects),
    (Field::Evidences, Rule::Objects),
    (Field::Answers, Rule::Objects),
    (Field::UserEmail, Rule::Email),
    (Field::AuthUserEmail, Rule::Email),
    (Field::DeviceIp, Rule::Ip),
    (Field::SrcIp, Rule::Ip),
    (Field::DstIp, Rule::Ip),
    (Field::SrcPort, Rule::Port),
    (Field::DstPort, Rule::Port),
    (Field::UrlPort, Rule::Port),
    (Field::HttpMethod, Rule::Method),
];

/// OCSF's `ip_t` is at most this long.
const MAX_IP_CHARS: usize = 40;

/// Whether `cell`, which has the kind of `field`, may stand there in a class of this shape.
pub(super) fn check(field: Field, cell: Cell<'_>, shape: &Shape) -> Verdict {
    if field == Field::StatusId {
        return number(cell, |id| shape.status(id).is_some());
    }
    match RULES.iter().find(|(name, _)| *name == field) {
        None => Verdict::Fits,
        Some((_, rule)) => judge(rule, cell),
    }
}

/// Whether `cell` is what a column of this kind holds, in a form that JSON has.
pub(super) fn has_kind(cell: Cell<'_>, kind: Kind) -> bool {
    match cell {
        Cell::Text(_) => kind == Kind::Text,
        Cell::Int(_) => matches!(kind, Kind::Int | Kind::Long | Kind::Double),
        Cell::Double(number) => kind == Kind::Double && number.is_finite(),
        Cell::Bool(_) => kind == Kind::Bool,
        Cell::Time(_) => kind == Kind::Time,
        Cell::Tree(value) => kind == Kind::Json || (kind == Kind::TextList && is_text_list(value)),
    }
}

fn is_text_list(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().all(|item| matches!(item, Value::Text(_))),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::Text(_)
        | Value::Map(_) => false,
    }
}

fn judge(rule: &Rule, cell: Cell<'_>) -> Verdict {
    match rule {
        Rule::Ip => text(cell, is_ip),
        Rule::Email => text(cell, is_email),
        Rule::Method => text(cell, is_method),
        Rule::Port => match number(cell, |port| (0..=65_535).contains(&port)) {
            Verdict::Fits => Verdict::Fits,
            Verdict::Other | Verdict::Breaks => Verdict::Breaks,
        },
        Rule::UpTo(last) => number(cell, |id| {
            (0..=*last).contains(&id) || id == captions::OTHER
        }),
        Rule::OneOf(list) => number(cell, |id| list.contains(&id)),
        Rule::Objects => objects(cell),
    }
}

fn objects(cell: Cell<'_>) -> Verdict {
    match cell {
        Cell::Tree(Value::List(items))
            if !items.is_empty() && items.iter().all(|item| matches!(item, Value::Map(_))) =>
        {
            Verdict::Fits
        }
        Cell::Tree(_)
        | Cell::Text(_)
        | Cell::Int(_)
        | Cell::Double(_)
        | Cell::Bool(_)
        | Cell::Time(_) => Verdict::Breaks,
    }
}

fn number(cell: Cell<'_>, admits: impl Fn(i64) -> bool) -> Verdict {
    match cell {
        Cell::Int(id) if admits(id) => Verdict::Fits,
        Cell::Int(_) => Verdict::Other,
        Cell::Text(_) | Cell::Double(_) | Cell::Bool(_) | Cell::Time(_) | Cell::Tree(_) => {
            Verdict::Breaks
        }
    }
}

fn text(cell: Cell<'_>, admits: impl Fn(&str) -> bool) -> Verdict {
    match cell {
        Cell::Text(text) if admits(text) => Verdict::Fits,
        Cell::Text(_)
        | Cell::Int(_)
        | Cell::Double(_)
        | Cell::Bool(_)
        | Cell::Time(_)
        | Cell::Tree(_) => Verdict::Breaks,
    }
}

fn is_ip(text: &str) -> bool {
    text.len() <= MAX_IP_CHARS && text.parse::<IpAddr>().is_ok()
}

/// The methods that OCSF lists, which are also the captions of HTTP Activity in upper case.
pub(super) fn is_method(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_lowercase())
        && captions::HTTP_ACTIVITIES
            .iter()
            .any(|method| method.eq_ignore_ascii_case(text))
}

/// OCSF's `email_t`: `[…]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+`.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let Some((host, rest)) = domain.split_once('.') else {
        return false;
    };
    !local.is_empty()
        && local.bytes().all(is_local)
        && !host.is_empty()
        && !rest.is_empty()
        && domain
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+,-./=?^_`{|}~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::super::classes::shape;
    use super::*;

    fn verdict(field: Field, cell: Cell<'_>) -> Verdict {
        check(field, cell, shape(Class::ApiActivity).unwrap())
    }

    #[test]
    fn values_are_judged_as_the_schemas_types_do() {
        use Verdict::{Breaks, Fits, Other};
        let cases = [
            (Field::SrcIp, Cell::Text("10.0.0.1"), Fits),
            (Field::SrcIp, Cell::Text("fe80::1"), Fits),
            (Field::SrcIp, Cell::Text("::ffff:1.2.3.4"), Fits),
            (Field::SrcIp, Cell::Text("10.0.0"), Breaks),
            (Field::SrcIp, Cell::Text("host"), Breaks),
            (
                Field::SrcIp,
                Cell::Text("1111:2222:3333:4444:5555:6666:111.122.133.144"),
                Breaks,
            ),
            (Field::SrcPort, Cell::Int(65_535), Fits),
            (Field::SrcPort, Cell::Int(65_536), Breaks),
            (Field::SrcPort, Cell::Int(-1), Breaks),
            (Field::UserEmail, Cell::Text("a.b+c@example.com"), Fits),
            (Field::UserEmail, Cell::Text("a@localhost"), Breaks),
            (Field::UserEmail, Cell::Text("a@b@c.de"), Breaks),
            (Field::UserEmail, Cell::Text("é@example.com"), Breaks),
            (Field::UserEmail, Cell::Text("a@example.com\n"), Breaks),
            (Field::UserEmail, Cell::Text("@a.b"), Breaks),
            (Field::UserEmail, Cell::Text("a@.b"), Breaks),
            (Field::UserEmail, Cell::Text("a@b."), Breaks),
            (Field::HttpMethod, Cell::Text("GET"), Fits),
            (Field::HttpMethod, Cell::Text("get"), Breaks),
            (Field::HttpMethod, Cell::Text("PROPFIND"), Breaks),
            (Field::SeverityId, Cell::Int(6), Fits),
            (Field::SeverityId, Cell::Int(7), Other),
            (Field::StatusId, Cell::Int(3), Other),
            (Field::DeviceOsTypeId, Cell::Int(200), Fits),
            (Field::DeviceOsTypeId, Cell::Int(7), Other),
            (Field::StartTime, Cell::Time(Timestamp::default()), Fits),
        ];
        for (field, cell, expected) in cases {
            assert_eq!(verdict(field, cell), expected, "{field:?} {cell:?}");
        }
    }

    #[test]
    fn a_number_without_digits_has_no_kind() {
        assert!(has_kind(Cell::Double(0.5), Kind::Double));
        assert!(has_kind(Cell::Int(1), Kind::Double));
        assert!(!has_kind(Cell::Double(f64::NAN), Kind::Double));
        assert!(!has_kind(Cell::Text("1"), Kind::Int));
        assert!(!has_kind(Cell::Int(1), Kind::Text));
        let map = Value::Map(Vec::new());
        assert!(has_kind(Cell::Tree(&map), Kind::Json));
        assert!(!has_kind(Cell::Tree(&map), Kind::TextList));
        let list = Value::List(Vec::new());
        assert!(has_kind(Cell::Tree(&list), Kind::TextList));
    }

    #[test]
    fn a_finding_has_statuses_of_its_own() {
        let shape = shape(Class::DetectionFinding).unwrap();
        assert_eq!(check(Field::StatusId, Cell::Int(6), shape), Verdict::Fits);
        assert_eq!(check(Field::StatusId, Cell::Int(7), shape), Verdict::Other);
    }
}
