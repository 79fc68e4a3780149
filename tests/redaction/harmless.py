"""Lines without any secret, of the kinds that scanners are known to trip over; seeded, as many as wanted."""

import base64
import json
import pathlib
import sysconfig

from chance import Chance

LICENSES = pathlib.Path("/usr/share/common-licenses")
SITE = pathlib.Path(sysconfig.get_paths()["purelib"])
PACKAGES = (
    "react lodash express typescript webpack babel-core eslint-plugin-import token-types jsonwebtoken password-prompt secret-stack "
    "keyv cookie-signature passport-oauth2 api-key-middleware csrf-tokens auth-header public-key-infra bearer-parser tokenizers"
).split()
VERBS = "get set load read write push pull apply render mount parse bind call emit patch".split()
PROPERTIES = "value length target props state children currentUser headers key type name data index parent next".split()
# Names of credentials are as rare in real bundles as one in a few hundred.
TELLING = "password token apiKey secret accessToken cookie session authorization csrfToken credentials".split()
BUNDLES = SITE / "swagger_ui_bundle"


def uuids(chance):
    return chance.choice((
        "{0}", "session {0} of user {1} opened", '{{"id":"{0}","parent":"{1}"}}', "x-request-id: {0}", "{0},{1},{2}",
        "/var/lib/kubelet/pods/{0}/volumes", "urn:uuid:{0}", "DELETE /v1/items/{0} 204 {1}", "Resource {0} depends on {1}",
        '"session.id": "{0}", "prompt.id": "{1}"', "PARTUUID={0}", "correlation={0} causation={1}",
    )).format(chance.uuid(), chance.uuid(), chance.uuid())


def git_hashes(chance):
    one, other = f"{chance.getrandbits(160):040x}", f"{chance.getrandbits(160):040x}"
    return chance.choice((
        "commit {0}", "{0} refs/heads/main", "index {2}..{3} 100644", "Merge: {2} {3}", "tree {0}", "parent {1}", "{0} Fix the parser",
        "* branch {0} -> FETCH_HEAD", "100644 blob {0}\tsrc/lib.rs", "   {2}..{3}  main -> main", "HEAD is now at {2} Fix it",
        "uses: actions/checkout@{0} # v4", "git diff {0} {1} --stat", "pick {2} Add password reset page",
    )).format(one, other, one[:7], other[:9])


def base64_images(chance):
    kind, start = chance.choice((
        ("png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), ("gif", b"GIF89a"), ("jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF"), ("webp", b"RIFF")))
    body = base64.b64encode(start + chance.randbytes(chance.randrange(40, 600))).decode()
    return chance.choice((
        "data:image/{0};base64,{1}", '<img src="data:image/{0};base64,{1}"/>', "background:url(data:image/{0};base64,{1})",
        '{{"type":"image","source":{{"type":"base64","media_type":"image/{0}","data":"{1}"}}}}', "![logo](data:image/{0};base64,{1})",
        '      "image/{0}": "{1}",',
    )).format(kind, body)


def lock_files(chance):
    name, version = chance.choice(PACKAGES), f"{chance.randrange(20)}.{chance.randrange(30)}.{chance.randrange(12)}"
    sha256, sri = chance.randbytes(32), base64.b64encode(chance.randbytes(64)).decode()
    return chance.choice((
        'checksum = "{hex}"', '      "integrity": "sha512-{sri}",', '  integrity sha512-{sri}',
        'github.com/{name}/{name} v{version} h1:{h1}', 'golang.org/x/{name} v{version}/go.mod h1:{h1}',
        '      "resolved": "https://registry.npmjs.org/{name}/-/{name}-{version}.tgz",',
        '  resolved "https://registry.yarnpkg.com/{name}/-/{name}-{version}.tgz#{sha1}"',
        "{name}=={version} --hash=sha256:{hex}", '    {{file = "{name}-{version}-py3-none-any.whl", hash = "sha256:{hex}"}},',
        'source = "git+https://github.com/{name}/{name}?rev={sha1}#{sha1}"', "  resolution: {{integrity: sha512-{sri}}}",
        '    "content-hash": "{md5}",', '            "reference": "{sha1}",', "    {name} ({version})",
        "  checksum: 10c0/{hex}{hex}", '"{name}@npm:^{version}":', '    "{name}": "^{version}",', '"narHash": "sha256-{h1}",',
        "/{name}@{version}(react@18.2.0): dev: true", 'zip_checksum "{hex}"', "url = \"https://files.pythonhosted.org/packages/{two}/{three}/{long}/{name}-{version}.tar.gz\"",
    )).format(
        name=name, version=version, hex=sha256.hex(), sri=sri, h1=base64.b64encode(sha256).decode(), sha1=sha256[:20].hex(),
        md5=sha256[:16].hex(), two=sha256[:1].hex(), three=sha256[1:2].hex(), long=sha256[2:].hex(),
    )


def minified(chance, bundles=[]):
    """Minified JavaScript: stretches of real bundles, which log users in, and made-up ones."""
    if not bundles:
        bundles.extend(path.read_text().replace("\n", ";").replace("\r", "") for path in sorted(BUNDLES.rglob("*.js")))
        assert sum(map(len, bundles)) > 1_000_000, f"too little JavaScript in {BUNDLES}"
    if chance.random() < 0.5:
        text = chance.choice(bundles)
        start = text.find(";", chance.randrange(len(text))) + 1
        return text[start:text.find(";", start + 200) + 1] or "0;"
    return made_up_minified(chance)


def made_up_minified(chance):
    def letter():
        return chance.choice("abcdefghijklmnopqrstuvwxyz")

    def word():
        return chance.choice(PROPERTIES if chance.random() < 0.995 else TELLING)

    def access():
        return f"{letter()}.{word()}"

    statements = (
        lambda: f"var {letter()}={access()},{letter()}={letter()}({chance.randrange(900)})",
        lambda: f"function {letter()}({letter()},{letter()}){{return {access()}||null}}",
        lambda: f"{access()}=function({letter()}){{{chance.choice(VERBS)}({access()})}}",
        lambda: f"{letter()}.exports={{{word()}:{letter()},{word()}:void 0}}",
        lambda: f'if("{word()}"===typeof {letter()}){{throw Error("missing {word()}")}}',
        lambda: f"{letter()}({chance.randrange(9000)},{{{word()}:{access()},{word()}:!0}})",
        lambda: f"{letter()}=/[a-z]{{{chance.randrange(9)}}}-[0-9]+/g.test({access()})?{access()}:{letter()}[{chance.randrange(99)}]",
        lambda: f'{letter()}.createElement("input",{{type:"text",name:"{word()}",value:{access()}}})',
        lambda: f'Object.defineProperty({letter()},"{word()}",{{enumerable:!0,get:()=>{access()}}})',
        lambda: f"let {letter()}={{{word()}:{{{word()}:`${{{access()}}}-${{{letter()}}}`}}}}",
        lambda: f"const{{{word()}:{letter()}}}={access()}??{{}}",
        lambda: f"//# sourceMappingURL=chunk.{chance.some('h', 8)}.js.map",
    )
    return ";".join(chance.choice(statements)() for _ in range(chance.randrange(3, 25)))


def telemetry(chance):
    number, identifier = chance.randrange(10**6), chance.uuid()
    event = {
        "event.name": chance.choice(("api_request", "tool_result", "user_prompt")), "session.id": identifier,
        "input_tokens": number, "output_tokens": number // 7, "cache_read_tokens": number * 3, "cost_usd": number / 10**6,
        "model": "claude-sonnet-4-5-20250929", "tool_use_id": "toolu_" + chance.some("a", 24), "request_id": "req_" + chance.some("a", 24),
        "duration_ms": number // 10, "prompt.id": chance.uuid(), "organization.id": chance.uuid(), "app.version": "2.1.7",
    }
    trace = f'{{"traceId":"{chance.getrandbits(128):032x}","spanId":"{chance.getrandbits(64):016x}","name":"claude_code.tool"}}'
    return chance.choice((
        lambda: json.dumps(event), lambda: trace,
        lambda: f"1795422229.068    231 192.0.2.{number % 250} TCP_MISS/200 {number} GET http://www.example.com/a/{number}?q=1 ana HIER_DIRECT/198.51.100.7 text/html",
        lambda: f'192.0.2.{number % 250} - ana [23/Nov/2026:10:15:02 +0000] "GET /static/app.{chance.some("h", 20)}.js HTTP/2" 200 {number}',
        lambda: f"<134>1 2026-11-23T10:15:02Z host-{number} sshd {number} - - Failed password for invalid user admin from 192.0.2.7 port {number % 60000} ssh2",
        lambda: f'http_requests_total{{method="post",code="200",path="/oauth/token"}} {number}',
        lambda: f"level=info msg=\"token bucket refilled\" tokens={number} burst=100 key=tenant-{number}",
        lambda: f"nginx-deployment-{chance.some('n', 10)}-{chance.some('n', 5)} 1/1 Running 0 {number % 99}d",
        lambda: f"arn:aws:iam::{chance.some('d', 12)}:role/deploy-{number} assumed by i-0{chance.some('h', 16)}",
        lambda: f"ETag: \"{chance.some('h', 32)}\" x-amz-id-2: {chance.some('b', 56)}",
    ))()


def _prose():
    """Words of licences and package descriptions: what stands on any machine that runs the tests."""
    files = [*sorted(LICENSES.iterdir()), *sorted(SITE.glob("*.dist-info/METADATA")), *sorted(SITE.glob("*.dist-info/licenses/*"))]
    words = []
    for path in files:
        if path.is_file():
            # Addresses are personal data and rightly masked; hashes and examples are not ordinary English.
            lines = path.read_text(errors="replace").splitlines()
            words += " ".join(line for line in lines if not any(sign in line for sign in ("=", "://", "@"))).split()
    assert len(words) > 50_000, f"too little English in {LICENSES}"
    return words


def english(chance, words=[]):
    if not words:
        words.extend(_prose())
    start = chance.randrange(len(words) - 30)
    return " ".join(words[start:start + chance.randrange(4, 24)])


KINDS = {
    "uuids": uuids, "git hashes": git_hashes, "base64 images": base64_images, "lock files": lock_files, "minified JavaScript": minified,
    "English": english, "telemetry": telemetry,
}


def lines(number, seed):
    """`number` lines, each with its kind, in turn."""
    chance, kinds = Chance(seed), list(KINDS.items())
    for at in range(number):
        kind, make = kinds[at % len(kinds)]
        yield kind, make(chance)
