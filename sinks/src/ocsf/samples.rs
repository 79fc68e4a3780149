//! Makes records of every class for tests: sparse and full, plain and hostile.

use magistrate_event::{Class, Event, EventUid, Field, Kind, Record, Redacted, Timestamp, Value};

/// The id of [`record`].
pub(crate) const UID: &str = "07070707070707070707070707070707";

/// A record around `event`, received 5 ms after the epoch.
pub(crate) fn record(event: Event) -> Record {
    numbered(event, [7; 16])
}

#[expect(
    clippy::disallowed_methods,
    reason = "the samples stand in for the redactor"
)]
pub(crate) fn numbered(event: Event, uid: [u8; 16]) -> Record {
    Record::new(
        EventUid::from_bytes(uid),
        Timestamp::from_millis(5),
        Redacted::seal(event),
    )
}

/// `count` records of each class, always the same ones.
pub(crate) fn records(count: u64) -> impl Iterator<Item = Record> {
    let mut random = Random(1);
    (0..count).flat_map(move |number| Class::ALL.map(|class| sample(class, number, &mut random)))
}

fn sample(class: Class, number: u64, random: &mut Random) -> Record {
    let activity = u8::try_from(random.below(16)).unwrap();
    let time = Timestamp::from_micros(random.number());
    let mut event = Event::new(class, activity, time);
    let density = 1 + random.below(12);
    for &field in Field::ALL {
        if field.is_in(class) && random.below(density) == 0 {
            fill(&mut event, field, random);
        }
    }
    for _ in 0..random.below(5) {
        keep(&mut event, random);
    }
    let uid = u128::from(number) << 16 | u128::from(class.number());
    numbered(event, uid.to_le_bytes())
}

fn fill(event: &mut Event, field: Field, random: &mut Random) {
    let number = random.number();
    let value = match field.kind() {
        Kind::Text => {
            let text = event.push_text(random.text());
            Value::Text(text)
        }
        Kind::Int | Kind::Long => Value::Int(number),
        Kind::Double => Value::Double(random.fraction()),
        Kind::Bool => Value::Bool(number % 2 == 0),
        Kind::Time => Value::Time(Timestamp::from_micros(number)),
        Kind::TextList | Kind::Json => {
            let text = event.push_text(random.text());
            Value::List(vec![Value::Text(text)])
        }
    };
    event.set(field, value);
    if random.below(20) == 0 {
        event.set_text(field, random.text());
    }
    if random.below(40) == 0 {
        event.set(field, Value::Map(Vec::new()));
    }
}

fn keep(event: &mut Event, random: &mut Random) {
    let key = event.push_key(random.text());
    let inner = event.push_key(random.text());
    let text = event.push_text(random.text());
    let value = match random.below(4) {
        0 => Value::Text(text),
        1 => Value::Double(random.fraction()),
        2 => Value::Map(vec![
            (inner, Value::Text(text)),
            (inner, Value::List(vec![Value::Null, Value::Bool(true)])),
        ]),
        _ => (0..random.below(40)).fold(Value::Int(1), |tree, _| Value::Map(vec![(inner, tree)])),
    };
    event.keep(key, value);
}

const TEXTS: &[&str] = &[
    "",
    "plain",
    "GET",
    "POST",
    "PROPFIND",
    "get",
    "10.1.2.3",
    " 10.1.2.3",
    "256.1.1.1",
    "::1",
    "2001:db8::8a2e:370:7334",
    "fe80::1%eth0",
    "::ffff:192.0.2.1",
    "1:2:3:4:5:6:7::",
    "1:2:3:4:5:6:192.0.2.1",
    "64:ff9b::192.0.2.33",
    "ada@example.com",
    "a,b@example.co.uk",
    "ada@localhost",
    "ada@@example.com",
    "[redacted:email:k3j]",
    "/home/ada/notes.txt",
    "C:\\Users\\ada\\",
    "/",
    "https://example.com/a?b=c",
    "line\nbreak\t\"quoted\" \\ \u{0} \u{7f} \u{2028}",
    "\u{1f600} é \u{fffd}",
    "magistrate",
    "file",
    "metadata",
    "file.path",
    "__proto__",
];

const NUMBERS: &[i64] = &[
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    8,
    13,
    27,
    28,
    99,
    100,
    200,
    443,
    65_535,
    65_536,
    -1,
    i64::MAX,
    i64::MIN,
    1_700_000_000_000_000,
];

const FRACTIONS: &[f64] = &[
    0.0,
    -0.0,
    0.1,
    1e300,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

/// Knuth's 64-bit congruential generator: enough to choose samples, and the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn choose<T: Copy>(&mut self, list: &[T]) -> T {
        let at = self.next() % u64::try_from(list.len()).unwrap();
        list[usize::try_from(at).unwrap()]
    }

    fn text(&mut self) -> &'static str {
        self.choose(TEXTS)
    }

    fn number(&mut self) -> i64 {
        self.choose(NUMBERS)
    }

    fn fraction(&mut self) -> f64 {
        self.choose(FRACTIONS)
    }
}
