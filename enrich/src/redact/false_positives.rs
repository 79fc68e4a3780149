//! Counts what is masked in generated text that holds no secret: identifiers, hashes, images, lock
//! files, minified programs, English.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CustomRules, Detectors, Epoch, RedactKey, Redactor};

/// Lines of each of the sorts.
const LINES_A_SORT: usize = 10_000;

/// Makes one line.
type Make = fn(&mut Random) -> String;

/// A repeatable generator (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 20) % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn text(&mut self, count: usize, from: &str) -> String {
        let from = from.as_bytes();
        (0..count)
            .map(|_| char::from(from[self.below(from.len())]))
            .collect()
    }

    fn hex(&mut self, count: usize) -> String {
        self.text(count, "0123456789abcdef")
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|len| self.hex(len)).join("-")
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| u8::try_from(self.below(256)).unwrap())
            .collect()
    }
}

fn uuid_line(random: &mut Random) -> String {
    let uuid = random.uuid();
    match random.below(5) {
        0 => uuid,
        1 => format!("request_id={uuid} status=200"),
        2 => format!(
            "{{\"sessionId\":\"{uuid}\",\"uuid\":\"{}\"}}",
            random.uuid()
        ),
        3 => format!(
            "GET /v1/organizations/{uuid}/projects/{} 200",
            random.uuid()
        ),
        _ => format!("trace {} span {uuid}", random.hex(32)),
    }
}

fn hash_line(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("commit {}", random.hex(40)),
        1 => format!("{} Merge branch 'main' into feature", random.hex(7)),
        2 => format!("index {}..{} 100644", random.hex(7), random.hex(7)),
        3 => format!("sha256:{} sha1 {}", random.hex(64), random.hex(40)),
        4 => format!("image: registry.example.com/app@sha256:{}", random.hex(64)),
        _ => format!("https://github.com/a/b/commit/{}", random.hex(40)),
    }
}

/// An image as pages hold it: a header with runs of zeros, then noise.
fn image_line(random: &mut Random) -> String {
    let mut bytes = vec![0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13];
    for _ in 0..random.below(4) {
        bytes.extend(vec![0; random.below(60)]);
        let len = random.below(40);
        bytes.extend(random.bytes(len));
    }
    let len = 100 + random.below(900);
    bytes.extend(random.bytes(len));
    let image = STANDARD.encode(bytes);
    match random.below(3) {
        0 => format!("<img src=\"data:image/png;base64,{image}\">"),
        1 => format!("{{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"{image}\"}}"),
        _ => image,
    }
}

fn lock_line(random: &mut Random) -> String {
    let sha512 = STANDARD.encode(random.bytes(64));
    let sha256 = STANDARD.encode(random.bytes(32));
    let name = random.pick(&[
        "tokenizer",
        "js-tokens",
        "keyv",
        "password-prompt",
        "cookie",
        "react",
        "auth-header",
        "secure-json-parse",
        "datadog-metrics",
        "stripe",
        "@aws-sdk/client-s3",
    ]);
    match random.below(6) {
        0 => format!("      \"integrity\": \"sha512-{sha512}\","),
        1 => format!("checksum = \"{}\"", random.hex(64)),
        2 => format!(
            "  resolved \"https://registry.yarnpkg.com/{name}/-/{name}-4.0.0.tgz#{}\"",
            random.hex(40)
        ),
        3 => format!("golang.org/x/crypto v0.17.0 h1:{sha256}"),
        4 => format!("    {name}==1.2.3 --hash=sha256:{}", random.hex(64)),
        _ => format!(
            "    \"node_modules/{name}\": {{ \"version\": \"4.0.0\", \"integrity\": \"sha512-{sha512}\", \"dev\": true }}"
        ),
    }
}

fn minified_line(random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "function(e,t,n){\"use strict\";",
        "e.exports=n(",
        "Object.defineProperty(t,\"__esModule\",{value:!0});",
        "var r=n(12),o=r.token,i=r.key;",
        "if(e.password!==t.password)throw new Error(\"Passwords must match\");",
        "this.secret=t.secret||null,",
        "return e.headers.Authorization=\"Bearer \"+t,",
        "a.cookie=o(e),",
        "key:\"value\",",
        "tokens:[],",
        "l=e=>e.token?e.token:null,",
        "c={username:e,password:t},",
        "d=Object.keys(e).map(t=>e[t]),",
        "process.env.API_KEY",
        "apiKey:this.props.apiKey,",
        "u.setItem(\"token\",e)",
        "h.accessToken=void 0,",
        "type:\"password\",name:\"password\",",
        "autocomplete:\"current-password\"",
        "s.length>0&&s.pop(),",
        "switch(e.type){case 1:break}",
        "p=\"sk-spinner\",",
        "m.pk_id=3,",
        "re_render(),",
        "f=async()=>await y(),",
        "0===t.indexOf(\"data:\")",
        "a(\"div\",{class:\"md-button\"})",
        "})}();",
    ];
    let count = 10 + random.below(30);
    (0..count)
        .map(|_| {
            let name = random.text(1 + count % 3, "abcdefghijklmnopqrstuvwxyz");
            let piece = random.pick(PIECES);
            if random.below(3) == 0 {
                format!("{name}=function(){{}},{piece}")
            } else {
                piece.to_owned()
            }
        })
        .collect()
}

fn english_line(random: &mut Random) -> String {
    const WORDS: &str = "the a of and to in is that it was for on are with they be at have this from token \
        password secret key account user please reset expired access code state service machine \
        login basic bearer cookie session private public certificate authorization required \
        changed policy datadog stripe heroku github deploy pipeline yesterday because client \
        server database mnemonic recovery phrase seed wallet credit card number is: was, key. \
        tokens passwords secrets input output cache read write";
    let known: Vec<&str> = WORDS.split(' ').collect();
    let count = 4 + random.below(24);
    let words: Vec<&str> = (0..count).map(|_| random.pick(&known)).collect();
    words.join(" ") + "."
}

fn telemetry_line(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!(
            "claude_code.token.usage input_tokens={} output_tokens={}",
            random.below(99_999),
            random.below(9_999)
        ),
        1 => format!(
            "toolu_{} cargo test --package {} -- --nocapture",
            random.text(
                24,
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            ),
            random.hex(5)
        ),
        2 => format!(
            "{}.{:03} 10.1.2.3 TCP_TUNNEL/200 {} CONNECT {}.example.com:443 alice",
            1_767_000_000 + random.below(99_999),
            random.below(999),
            random.below(99_999),
            random.hex(6)
        ),
        _ => format!(
            "/home/alice/src/{}/target/debug/deps/{}-{}.rlib",
            random.hex(6),
            random.hex(5),
            random.hex(16)
        ),
    }
}

fn code_line(random: &mut Random) -> String {
    const LINES: &[&str] = &[
        "    let token = self.tokens.next()?;",
        "    password: String,",
        "pub fn api_key(&self) -> &str { &self.api_key }",
        "const SECRET_NAME: &str = \"db\";",
        "    if password == other.password { return Ok(()); }",
        "const apiKey = process.env.API_KEY;",
        "export AWS_PROFILE=staging",
        "      - name: DATADOG_API_KEY",
        "        valueFrom: { secretKeyRef: { name: datadog, key: api-key } }",
        "  token: ${{ secrets.GITHUB_TOKEN }}",
        "  password: !vault |",
        "def get_password(self): return getpass.getpass()",
        "type Token = { kind: TokenKind, text: string };",
        "<input type=\"password\" name=\"password\" placeholder=\"Password\">",
        "ssh-keygen -t ed25519 -C you@example.com",
        "curl -H \"Authorization: Bearer $TOKEN\" https://api.example.com",
        "{\"type\":\"object\",\"properties\":{\"password\":{\"type\":\"string\",\"description\":\"The password\"}}}",
        "  access_token: { type: string, description: The token }",
        "stripe.api_key = os.environ[\"STRIPE_API_KEY\"]",
        "#define TOKEN_SIZE 32",
    ];
    let line = random.pick(LINES);
    format!("{}\t{line}", random.below(900))
}

#[test]
fn at_most_one_stretch_in_ten_thousand_harmless_lines_is_masked() {
    let key = RedactKey::from_bytes([7; 32]);
    // Addresses and numbers have a test of their own.
    let redactor =
        Redactor::with(&key, Epoch(1), CustomRules::default(), Detectors::none()).unwrap();
    let mut random = Random(0x5eed_1234_5678);
    let sorts: [(&str, Make); 8] = [
        ("uuids", uuid_line),
        ("hashes", hash_line),
        ("images", image_line),
        ("lock files", lock_line),
        ("minified", minified_line),
        ("english", english_line),
        ("telemetry", telemetry_line),
        ("code", code_line),
    ];
    let mut masked = Vec::new();
    for (sort, make) in sorts {
        for _ in 0..LINES_A_SORT * 10 / sorts.len() {
            let line = make(&mut random);
            for finding in redactor.redact_text(&line).1 {
                let what = line
                    .get(finding.place.start..finding.place.end)
                    .unwrap_or_default();
                let line: String = line.chars().take(200).collect();
                masked.push(format!("{sort}, {}: {what:.80} in {line}", finding.rule));
            }
        }
    }
    let count = masked.len();
    // A few examples are enough to see what went wrong.
    masked.sort();
    masked.dedup_by(|a, b| a.split(" in ").next() == b.split(" in ").next());
    masked.truncate(40);
    assert!(count <= 10, "{count}:\n{}", masked.join("\n"));
}
