"""What looks like a secret of a format and is none: placeholders, hashes, ids, wrong prefixes, names with the keyword."""

import base64
import hashlib
import re

import contexts
from format import FIELD, expand

# What stands where a secret would, under its own name.
PLACEHOLDERS = (
    "<§N>", "${§N}", "$§N", "{{ secrets.§N }}", "${{ secrets.§N }}", "********", "xxxxxxxxxxxxxxxxxxxxxxxx", "<your-§k-here>",
    "your_§n_here", "[REDACTED]", "null", "(sensitive value)", "%§N%", "<insert §n>", "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX",
    "REPLACE_ME", "...", "your-§k",
)
PLACEHOLDER_TEXTS = ("env", "export", "yaml", "yaml-quoted", "json", "terraform", "dockerfile", "ini", "powershell")
# A name that holds the keyword and whose value is no secret.
NAMES = (
    "§N_FILE=/run/secrets/§n", "§n_expires_at: 2026-12-01T00:00:00Z", "§n_rotation_enabled = true", '"§n_id": 4711,',
    "def get_§n(request: Request) -> str:", "from settings import §n, timeout", "  secretName: §k-prod", "§N_LENGTH=40",
    "    valueFrom: {secretKeyRef: {name: §k, key: token}}", "§n = os.environ['§N']", "const §c = process.env.§N;",
    "error: §N is not set", "§c: config.get('§d'),", "§n = data.aws_secretsmanager_secret_version.§n.secret_string",
    "INFO rotated §n of service billing in 320 ms", "if not §n: raise ValueError('§n is required')",
    "§n=$(vault kv get -field=token secret/§k)", "| `§N` | the key of the service | required |", "assert len(§n) == 40",
    "§N_PATH: /etc/§k/credentials.json", "unset §N", "type §n_t struct { name string }", "§N is read from the environment",
    "--§k-file /etc/§k", "max_§n_age_seconds: 3600", "GET /v1/§n/rotation 200 12ms", "kubectl create secret generic §k --from-env-file=.env",
)
# Hashes and ids in the places where they stand in the wild; nothing here is a credential.
DIGESTS = (
    "§h/cli@sha256:{sha256}", "commit {sha1} (HEAD -> main)", '"trace_id":"{md5}","span_id":"{span}"', "etag: \"{md5}\"",
    "sha256:{sha256}  §k-cli-1.4.2.tar.gz", '"integrity": "sha512-{sri}"', "x-request-id: {uuid}", "{vendor} run {uuid} finished in 3.2 s",
    "git checkout {sha1}", "blob {sha1} 2311\tsrc/{vendor}/client.ts", "ETag: W/\"{sha1}\"", "{sha256}  ./dist/{vendor}.whl",
    "checksum = \"{sha256}\"", "Deployed {vendor} revision {sha1} to eu-west-1", "device_id={uuid} vendor={vendor} os=linux",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB{image}", "https://cdn.{vendor}.com/assets/app.{md5}.js",
    "nonce-check {vendor} cache key {md5} hit", "uses: {vendor}/action@{sha1}", "<img src=\"/img/{sha1}.webp\" alt=\"{vendor}\">",
    "SHA256:{fingerprint} ana@laptop (ED25519)", "h1:{h1}= go.sum of {vendor}", "machine-id {md5}", "Subject Key Identifier {colons}",
)
# Neutral texts for what only resembles a secret of the format.
NEUTRAL = (
    "object §S stored", "see build §S for details", "file §S.bin uploaded", "node §S joined the cluster", "slug: §S", "renamed to §S",
)
EXAMPLE_KEYS = ("AKIA" "IOSFODNN7EXAMPLE", "AKIA" "I44QH8DHBEXAMPLE")


def _digest_text(chance, template):
    data = chance.randbytes(40)
    hexes = {
        "sha256": hashlib.sha256(data).hexdigest(), "sha1": hashlib.sha1(data).hexdigest(), "md5": hashlib.md5(data).hexdigest(),
        "span": data[:8].hex(), "uuid": chance.uuid(), "sri": base64.b64encode(hashlib.sha512(data).digest()).decode(),
        "image": base64.b64encode(chance.randbytes(240)).decode(), "h1": base64.b64encode(hashlib.sha256(data).digest()).decode().rstrip("="),
        "fingerprint": base64.b64encode(hashlib.sha256(data).digest()).decode().rstrip("="),
        "colons": ":".join(f"{byte:02X}" for byte in data[:20]),
    }
    return re.sub(r"\{(\w+)\}", lambda match: hexes.get(match[1], match[0]), template)


def _named(form, chance, template):
    text, _, _ = contexts.fill(template + "\x00§S", form, chance, "")
    return text.replace("\x00", "").replace("{vendor}", form.vendor)


def placeholder(form, chance):
    value = chance.choice(PLACEHOLDERS)
    prefix = fixed_prefix(form)
    if prefix and chance.random() < 0.4:
        value = prefix + chance.choice(("x" * 20, "X" * 32, "...", "<token>", "*" * 12, "your_token_here", "EXAMPLE" * 3))
    template = contexts.NAMED[chance.choice(PLACEHOLDER_TEXTS)].replace("§S", value)
    return _named(form, chance, template)


def name(form, chance):
    return _named(form, chance, chance.choice(NAMES))


def digest(form, chance):
    return _named(form, chance, _digest_text(chance, chance.choice(DIGESTS).replace("{vendor}", form.vendor)))


def fixed_prefix(form):
    """What every secret of the format begins with, if that says anything."""
    if not form.pattern:
        return ""
    start = FIELD.search(form.pattern).start()
    prefix = form.pattern[:start].replace("|", "").rpartition(" ")[2]
    return prefix if sum(sign.isalpha() for sign in prefix) >= 2 and start >= 3 else ""


def wrong_prefix(form, chance):
    """Same alphabet and length, but the beginning is another's: a letter is changed and one is put before it."""
    prefix = fixed_prefix(form)
    if not prefix or form.only_own:
        return digest(form, chance)
    letters = [at for at, sign in enumerate(prefix[:4]) if sign.isalpha()]
    at = chance.choice(letters)
    other = chance.choice([sign for sign in "jqvzxw" if sign != prefix[at].lower()])
    body = expand(form.pattern.replace("|", "").rpartition(" ")[2], chance)[len(prefix):]
    text = prefix[:at] + (other.upper() if prefix[at].isupper() else other) + prefix[at + 1:] + body
    return chance.choice(NEUTRAL).replace("§S", text.replace("=", "")[:64])


def too_short(form, chance):
    """The prefix with nothing that could be used behind it, as prose and documentation name it."""
    prefix = fixed_prefix(form)
    if not prefix or form.only_own:
        return name(form, chance)
    return chance.choice((
        "tokens that begin with `§P` are personal", "regex: ^§P[0-9A-Za-z]+$", "prefix §P… is new", 'startswith("§P")', "§P*", "`§P`",
    )).replace("§P", prefix)


def inside_a_word(form, chance):
    """Prefixes of vendors inside ordinary words and identifiers."""
    return _named(form, chance, chance.choice((
        "task-runner-{vendor}-7d9f8b6c5-x2x9q restarted", "disk-space-monitor-for-{vendor}-production-cluster ok",
        "risk_live_migration_threshold_of_{vendor} = 80", "mask-proj-layout-grid-for-{vendor}-dashboards",
        "desk-ant-colony-optimization-{vendor}.ipynb", "import {vendor}_integration_handler_factory_builder",
        "com.acme.{vendor}.AuthenticationTokenProviderFactoryBean", "the {vendor} password reset page was redesigned",
        "{vendor} access token expired, please sign in again", "tokens=1834 model={vendor} latency_ms=231",
        "{vendor}: secret santa draw on 2026-12-06, bring a present", "npm_config_registry=https://registry.npmjs.org/ # {vendor}",
        "class {vendor}ApiKeyAuthenticationMiddlewareTest extends TestCase", "key=value pairs of {vendor} are sorted",
        "kubectl get secrets -n {vendor} --no-headers | wc -l", "basic auth is disabled for {vendor}",
    )))


def example(form, chance):
    """Keys that a vendor's documentation prints as examples and that end in EXAMPLE."""
    return chance.choice((
        "aws_access_key_id = §S", "export AWS_ACCESS_KEY_ID=§S", "see §S in the manual", '"AccessKeyId": "§S"',
    )).replace("§S", chance.choice(EXAMPLE_KEYS))


KINDS = {
    "placeholder": placeholder, "name": name, "digest": digest, "wrong_prefix": wrong_prefix, "too_short": too_short,
    "inside_a_word": inside_a_word,
}
