//! The redactor's throughput on clean telemetry, on non-ASCII text and on text dense with secrets.
//!
//! `cargo bench -p magistrate-enrich --bench redact`. Aims on one core: 400 MiB/s clean, 60 dense.
//! `MAGISTRATE_BENCH_TEXT` names a file whose text is measured, too: `the text given` is its filter.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run shall stop"
)]

use std::hint::black_box;
use std::time::Duration;

use magistrate_enrich::{
    CustomRules, Detectors, Epoch, Example, RedactKey, Redactor, shipped_examples,
};
use magistrate_event::{Class, Event, Field, Timestamp};

/// A repeatable generator of made-up text (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % limit
    }

    fn text(&mut self, count: usize, alphabet: &str) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..count)
            .map(|_| letters[usize::try_from(self.below(letters.len() as u64)).unwrap()])
            .collect()
    }

    fn hex(&mut self, count: usize) -> String {
        self.text(count, "0123456789abcdef")
    }

    fn base62(&mut self, count: usize) -> String {
        self.text(
            count,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        )
    }

    fn uuid(&mut self) -> String {
        let (a, b, c) = (self.hex(8), self.hex(4), self.hex(3));
        let (d, e) = (self.hex(3), self.hex(12));
        format!("{a}-{b}-4{c}-8{d}-{e}")
    }
}

fn command(random: &mut Random) -> String {
    let file = format!("/home/alice/src/billing/{}.rs", random.hex(6));
    match random.below(4) {
        0 => format!(
            "cargo test --package {} -- --nocapture 2>&1 | tail -n 40",
            random.hex(5)
        ),
        1 => format!(
            "rg -n 'fn {}' {file} | head -40 && sed -n '1,120p' {file}",
            random.hex(6)
        ),
        2 => format!(
            "git add {file} && git commit -m 'fix: {} handling' && git push",
            random.hex(8)
        ),
        _ => format!(
            "curl -sS -X POST https://api.example.com/v1/items/{}?id=4&page=2 -H 'Content-Type: application/json' -d @{file}",
            random.hex(8)
        ),
    }
}

/// One event as Claude Code sends it, about 1 kB of text.
fn event(random: &mut Random) -> Event {
    let mut event = Event::new(Class::ProcessActivity, 1, Timestamp::default());
    event.set_text(Field::ProductName, "claude-code");
    event.set_text(Field::ProductVersion, "2.0.14");
    event.set_text(Field::UserUid, &random.hex(64));
    event.set_text(Field::SessionUid, &random.uuid());
    event.set_text(Field::TenantUid, "00000000-0000-4000-8000-00000000c0de");
    event.set_text(Field::UserEmail, "alice@example.com");
    event.set_text(Field::AccountUid, &random.uuid());
    event.set_text(Field::SessionTerminal, "xterm-256color");
    event.set_text(Field::CorrelationUid, &random.uuid());
    event.keep_text("event.timestamp", "2026-01-02T03:04:05.678Z");
    match random.below(10) {
        0..6 => tool_result(random, &mut event),
        6..8 => {
            event.set_text(Field::EventCode, "api_request");
            event.keep_text("model", "claude-sonnet-5");
            event.keep_text("cost_usd", "0.123456");
            for key in [
                "input_tokens",
                "output_tokens",
                "cache_read_tokens",
                "cache_creation_tokens",
            ] {
                event.keep_text(key, &random.below(50_000).to_string());
            }
            event.keep_text("request_id", &format!("req_{}", random.base62(24)));
        }
        _ => {
            event.set_text(Field::EventCode, "user_prompt");
            let what = random.hex(8);
            event.keep_text("prompt", &format!("Please look at {what} and explain why the request to https://git.example.com/v2/repos/{what} fails"));
        }
    }
    event
}

fn tool_result(random: &mut Random, event: &mut Event) {
    event.set_text(Field::EventCode, "tool_result");
    event.set_text(Field::ApiOperation, "Bash");
    event.set_text(
        Field::ApiRequestUid,
        &format!("toolu_{}", random.base62(24)),
    );
    event.keep_text("success", "true");
    event.keep_text("decision_source", "user_permanent");
    event.keep_text("tool_result_size_bytes", "12345");
    let command = command(random);
    let mut arguments = format!(
        "{{\"bash_command\":\"{}\",\"full_command\":\"{command}\",\"timeout\":30000,\"description\":\"Run the unit tests for the package\",\"dangerouslyDisableSandbox\":false,\"cwd\":\"/home/alice/src\"",
        command.split(' ').next().unwrap_or_default()
    );
    while arguments.len() < 470 {
        let (name, value) = (random.hex(3), random.hex(24));
        arguments.push_str(&format!(",\"arg_{name}\":\"{value}\""));
    }
    arguments.push('}');
    event.set_text(Field::ToolArguments, &arguments);
    event.set_text(Field::CmdLine, &command);
}

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";

/// What a proxy sees of one request, made up from a few words.
struct Fetch {
    host: String,
    url: String,
    user: &'static str,
    agent: &'static str,
}

impl Fetch {
    fn new(random: &mut Random) -> Self {
        let mut one = |words: &[&'static str]| {
            words[usize::try_from(random.below(words.len() as u64)).unwrap()]
        };
        let host = one(&[
            "git.example.com",
            "paste.example.io",
            "registry.example.org",
            "model.example.ai",
        ]);
        let user = one(&["alice", "bob", "heidi", "judy", "mallory", "peggy", "sybil"]);
        let agent = one(&[
            BROWSER,
            BROWSER,
            "python-requests/2.32.3",
            "node-fetch/3.3",
            "claude-cli/2.0.14 (external, cli)",
        ]);
        let path = one(&["v1/items", "v2/items", "v1/upload", "v3/search"]);
        let host = match random.below(3) {
            0 => format!("{}.example.com", random.hex(6)),
            _ => host.to_owned(),
        };
        let mut url = format!("{host}/{path}/{}", random.hex(8));
        if random.below(2) == 0 {
            let (id, page) = (random.below(99_999), random.below(9));
            url.push_str(&format!("?id={id}&page={page}"));
        }
        Self {
            host,
            url,
            user,
            agent,
        }
    }
}

/// A line of Squid's combined format, about 200 bytes.
fn squid_line(random: &mut Random) -> String {
    let Fetch {
        host,
        url,
        user,
        agent,
    } = Fetch::new(random);
    let request = match random.below(3) {
        0 => format!("GET http://{url}"),
        1 => format!("POST http://{url}"),
        _ => format!("CONNECT {host}:443"),
    };
    format!(
        "{}.{:03} {:6} 10.{}.{}.{} TCP_MISS/200 {} {request} {user} HIER_DIRECT/203.0.113.{} application/json \"{agent}\" \"-\"\n",
        1_767_000_000 + random.below(999_999),
        random.below(999),
        random.below(30_000),
        random.below(8),
        random.below(255),
        random.below(255),
        random.below(2_000_000),
        random.below(255)
    )
}

/// A line of Zscaler's NSS feed, about 700 bytes; `user` names who asked.
fn zscaler_line(random: &mut Random, user: impl Fn(&str) -> String) -> String {
    let Fetch {
        host,
        url,
        user: name,
        agent,
    } = Fetch::new(random);
    let number = |random: &mut Random, limit| random.below(limit).to_string();
    let fields = [
        ("reason", "Allowed".to_owned()),
        (
            "event_id",
            (7_000_000_000_000_000_000 + random.below(1 << 40)).to_string(),
        ),
        ("protocol", "HTTPS".to_owned()),
        ("action", "Allowed".to_owned()),
        ("transactionsize", number(random, 99_999)),
        ("responsesize", number(random, 199_999)),
        ("requestsize", number(random, 19_999)),
        (
            "urlcategory",
            "Artificial Intelligence and Machine Learning".to_owned(),
        ),
        ("serverip", format!("203.0.113.{}", random.below(255))),
        ("requestmethod", "POST".to_owned()),
        ("refererURL", "-".to_owned()),
        ("useragent", agent.to_owned()),
        ("product", "NSS".to_owned()),
        ("location", "Berlin".to_owned()),
        (
            "ClientIP",
            format!(
                "10.{}.{}.{}",
                random.below(8),
                random.below(255),
                random.below(255)
            ),
        ),
        ("status", "200".to_owned()),
        ("user", user(name)),
        ("url", url),
        ("vendor", "Zscaler".to_owned()),
        ("hostname", host),
        (
            "clientpublicIP",
            format!("198.51.100.{}", random.below(255)),
        ),
        ("threatcategory", "None".to_owned()),
        ("threatname", "None".to_owned()),
        ("pagerisk", number(random, 99)),
        ("department", "Engineering".to_owned()),
        ("urlsupercategory", "Business".to_owned()),
        ("appname", "General Browsing".to_owned()),
        ("dlpengine", "None".to_owned()),
        ("urlclass", "Business Use".to_owned()),
        ("filesubtype", "None".to_owned()),
    ];
    let fields = fields.map(|(name, value)| format!("{name}={value}"));
    fields.join("\t") + "\n"
}

/// A line of an application's log that gives something away.
fn log_line(random: &mut Random, secret: &str) -> String {
    let (request, item) = (random.hex(8), random.hex(6));
    format!(
        "2026-01-02T03:04:05.678Z INFO [worker-3] request {request} to https://api.example.com/v1/items/{item} took 12 ms, settings were {secret}\n"
    )
}

/// Every example that holds a secret, one after the other.
fn every_example(examples: &[Example]) -> String {
    let secrets = examples
        .iter()
        .filter(|example| !example.secrets.is_empty());
    secrets.map(|example| example.text.clone() + "\n").collect()
}

/// The same within the lines of a log, those of one line only.
fn log_of_examples(random: &mut Random, examples: &[Example]) -> String {
    let secrets = examples
        .iter()
        .filter(|example| !example.secrets.is_empty());
    let lines = secrets.filter(|example| !example.text.contains('\n'));
    lines
        .map(|example| log_line(random, &example.text))
        .collect()
}

/// Lines of a log with one of the credentials that people leave there most.
fn usual_secrets(random: &mut Random) -> String {
    let line = |_| {
        let secret = match random.below(8) {
            0 => format!(
                "AWS_ACCESS_KEY_ID={}{}",
                "AKIA",
                random.text(16, "ABCDEFGHJKLMNPQRSTUVWXYZ234567")
            ),
            1 => format!("token {}{}", "ghp_", random.base62(36)),
            2 => format!("{}-api03-{}", "sk-ant", random.base62(95)),
            3 => format!("password={}", random.base62(14)),
            4 => format!("Authorization: Bearer {}", random.base62(40)),
            5 => format!(
                "postgres://app:{}@db.example.com/billing",
                random.base62(16)
            ),
            6 => format!("{{\"api_key\":\"{}\"}}", random.hex(32)),
            _ => format!(
                "{}{}-{}",
                "xoxb-",
                100_000_000_000 + random.below(1 << 36),
                random.base62(24)
            ),
        };
        log_line(random, &secret)
    };
    (0..2000).map(line).collect()
}

/// A contact on every line.
fn personal_lines(random: &mut Random) -> String {
    (0..2000)
        .map(|_| {
            format!(
                "ana.{}@example.com called from +49 30 {} about card 4111 1111 1111 1111 and account DE89370400440532013000\n",
                random.hex(4),
                100_000 + random.below(900_000),
            )
        })
        .collect()
}

/// CPU time of this thread (proc(5), `schedstat`): a shared machine's clock says little.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// Runs `work`, which takes in `bytes` bytes, for about a CPU-second; prints the best of five.
fn measure(name: &str, bytes: usize, mut work: impl FnMut()) {
    let mut filters = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .peekable();
    if filters.peek().is_some() && !filters.any(|filter| name.contains(&filter)) {
        return;
    }
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let (start, mut rounds) = (cpu_time(), 0);
        while cpu_time() - start < Duration::from_millis(200) {
            work();
            rounds += 1;
        }
        best = best.min((cpu_time() - start) / rounds);
    }
    let mib = bytes as f64 / 1_048_576.0;
    let per_second = mib / best.as_secs_f64();
    println!("{name:<42} {per_second:>8.0} MiB per CPU-second ({best:.2?} a round)");
}

/// Resident memory of this process in KiB (proc(5), `statm`).
fn resident_kib() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4
}

fn main() {
    let before = resident_kib();
    let key = RedactKey::from_bytes([7; 32]);
    let redactor = Redactor::new(&key, Epoch(0)).unwrap();
    let built = resident_kib() - before;
    let rules_only =
        Redactor::with(&key, Epoch(0), CustomRules::default(), Detectors::none()).unwrap();
    let examples = shipped_examples().unwrap();
    let before = resident_kib();
    for example in &examples {
        black_box(redactor.redact_text(&example.text));
    }
    let used = resident_kib() - before;
    println!("compiled rules: {built} KiB, after use {used} KiB more");
    let mut random = Random(0x5eed_5eed_5eed);
    let events: Vec<Event> = (0..1000).map(|_| event(&mut random)).collect();
    let clean: String = events
        .iter()
        // As text, the address in the user's column would be masked.
        .map(|event| event.buffer().replace("alice@example.com", "alice") + "\n")
        .collect();
    let lines: String = (0..5000).map(|_| squid_line(&mut random)).collect();
    let zscaler: String = (0..1500)
        .map(|_| zscaler_line(&mut random, str::to_owned))
        .collect();
    let addressed: String = (0..1500)
        .map(|_| zscaler_line(&mut random, |user| format!("{user}@example.com")))
        .collect();
    let accents = "Größe geändert: über 12 Einträge, «voilà», 設定を変更しました. ".repeat(10_000);
    let dense = every_example(&examples).repeat(10);
    let log = log_of_examples(&mut random, &examples);
    let usual = usual_secrets(&mut random);
    let one_key = format!("{}{}\n", "sk-", random.base62(48)).repeat(2000);
    for (name, text) in [
        ("clean telemetry", &clean),
        ("clean Squid lines", &lines),
        ("clean Zscaler lines", &zscaler),
        ("Zscaler lines with an address each", &addressed),
        ("clean non-ASCII", &accents),
        ("dense, a usual secret a log line", &usual),
        ("dense, another kind a log line", &log),
        ("dense, all examples", &dense),
        ("dense, one key a line", &one_key),
    ] {
        measure_text(name, &redactor, text);
        measure_text(&format!("{name}, rules only"), &rules_only, text);
    }
    let personal = personal_lines(&mut random);
    measure_text("dense, personal data", &redactor, &personal);
    if let Some(file) = std::env::var_os("MAGISTRATE_BENCH_TEXT") {
        let text = std::fs::read_to_string(file).unwrap();
        measure_text("the text given", &redactor, &text);
    }
    let bytes = events.iter().map(|event| event.buffer().len()).sum();
    measure("1000 events", bytes, || {
        for event in &events {
            black_box(redactor.redact(event.clone()));
        }
    });
    measure("1000 events, rules only", bytes, || {
        for event in &events {
            black_box(rules_only.redact(event.clone()));
        }
    });
    measure("1000 events, clone only", bytes, || {
        for event in &events {
            black_box(event.clone());
        }
    });
    yardsticks(&key, &clean);
}

fn measure_text(name: &str, redactor: &Redactor, text: &str) {
    measure(name, text.len(), || {
        black_box(redactor.redact_text(black_box(text)));
    });
}

/// What the figures above are compared with.
fn yardsticks(key: &RedactKey, clean: &str) {
    let yardstick = [
        "pass", "token", "secret", "api", "auth", "://", "eyJ", "AKIA", "ghp_", "sk-", "xoxb",
        "cookie",
    ];
    let yardstick = aho_corasick::AhoCorasick::builder()
        .kind(Some(aho_corasick::AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .build(yardstick)
        .unwrap();
    measure(
        "yardstick: 12 literals, Aho-Corasick DFA",
        clean.len(),
        || {
            black_box(yardstick.find_iter(clean).count());
        },
    );
    measure("build (of no bytes)", 0, || {
        black_box(Redactor::new(key, Epoch(0)).unwrap());
    });
}
