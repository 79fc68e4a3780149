//! What it costs to turn syslog lines into events with ids, envelope included. Time is the thread's
//! time on a CPU, so that a busy machine does not blur it: µs per element are CPU-seconds per
//! million lines.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use magistrate_enrich::{UidKey, normalize};
use magistrate_event::{Identity, Line, Origin, Payload, Raw, Source, Timestamp};

const LINES: usize = 1_000;
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";

fn rfc5424(index: usize, app: &str, message: &str) -> String {
    format!(
        "<134>1 2026-01-02T03:04:05.{index:06}Z proxy{:02} {app} {} access \
         [meta@32473 conn=\"0001\" seq=\"{index:012}\"] {message}",
        index % 16,
        100 + index
    )
}

fn squid(index: usize) -> String {
    let (method, url) = if index.is_multiple_of(2) {
        ("CONNECT", format!("h{index}.example.com:443"))
    } else {
        (
            "GET",
            format!("http://api.example.com/v1/items/{index:08x}?id={index}&page=7"),
        )
    };
    format!(
        "17670{index:05}.{:03} {:6} 10.1.2.{} TCP_TUNNEL/200 {} {method} {url} alice \
         HIER_DIRECT/203.0.113.9 text/html \"{AGENT}\" \"-\"",
        index % 1000,
        index * 3,
        index % 250,
        index * 1_000,
    )
}

fn tab_separated(index: usize) -> String {
    format!(
        "reason=Allowed\tevent_id=70000000000000{index:05}\tprotocol=HTTPS\taction=Allowed\t\
         transactionsize={index}\tresponsesize={index}\trequestsize=512\turlcategory=Artificial \
         Intelligence and Machine Learning\tserverip=203.0.113.9\trequestmethod=GET\trefererURL=-\t\
         useragent={AGENT}\tproduct=NSS\tlocation=Berlin\tClientIP=10.1.2.3\tstatus=200\t\
         user=alice@example.com\turl=api.example.com/v1/items/{index:08x}\tvendor=Zscaler\t\
         hostname=api.example.com\tclientpublicIP=198.51.100.9\tthreatcategory=None\t\
         threatname=None\tpagerisk=7\tdepartment=Engineering\turlsupercategory=Internet \
         Communication\tappname=General Browsing\tdlpengine=None\turlclass=Business Use\t\
         filesubtype=None"
    )
}

fn cef(index: usize) -> String {
    format!(
        "<134>Nov 23 14:59:59 gw01 CEF:0|Acme|Web Gateway|7.1|100|URL request|4|rt=17673230{index:05} \
         src=192.0.2.7 dst=198.51.100.9 dpt=443 suser=ana@example.com \
         request=https://files.example.com/up?x={index} requestMethod=POST act=blocked \
         requestClientApplication={AGENT} in=120 out=3400 cs1=Personal Storage cs1Label=Category"
    )
}

fn json(index: usize) -> String {
    format!(
        "{{\"@timestamp\":\"2026-01-02T03:04:05.678Z\",\"url\":\"https://files.example.com/up?x={index}\",\
         \"method\":\"POST\",\"status\":403,\"user\":\"ana@example.com\",\"src_ip\":\"192.0.2.7\",\
         \"user_agent\":\"{AGENT}\",\"bytes\":{index},\"action\":\"blocked\",\
         \"rule\":{{\"name\":\"r1\",\"tags\":[\"a\",\"b\"]}}}}"
    )
}

fn raw(make: impl Fn(usize) -> String) -> Raw {
    let lines = (0..LINES)
        .map(|index| Line {
            bytes: Bytes::from(make(index)),
            cut_from_bytes: None,
        })
        .collect();
    Raw {
        origin: Origin {
            source: Source::SyslogTcp,
            peer: Some([127, 0, 0, 1].into()),
            identity: Identity::Anonymous,
        },
        received: Timestamp::from_micros(1_795_446_000_000_000),
        arrival: 1,
        payload: Payload::Syslog(lines),
    }
}

/// How long this thread has run on a CPU (proc(5), `schedstat`).
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn lines(c: &mut Criterion) {
    let key = UidKey::new([7; 32]);
    let batches = [
        (
            "squid_5424",
            raw(|index| rfc5424(index, "squid", &squid(index))),
        ),
        (
            "squid_3164",
            raw(|index| format!("<134>Jan  2 03:04:05 proxy01 squid[7]: {}", squid(index))),
        ),
        ("squid_bare", raw(squid)),
        (
            "kept_raw_5424",
            raw(|index| rfc5424(index, "zscaler-nss", &tab_separated(index))),
        ),
        ("cef_3164", raw(cef)),
        ("json_bare", raw(json)),
    ];
    let mut group = c.benchmark_group("line");
    group.throughput(Throughput::Elements(LINES as u64));
    for (name, batch) in &batches {
        group.bench_function(*name, |b| {
            b.iter_custom(|rounds| {
                let start = on_cpu();
                for _ in 0..rounds {
                    let told = normalize(batch, &key, |_, event| drop(black_box(event)));
                    drop(black_box(told));
                }
                on_cpu().saturating_sub(start)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lines);
criterion_main!(benches);
