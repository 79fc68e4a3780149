"""The texts in which secrets stand. In a template: §S secret, §N NAME, §n name, §c camelName, §k kebab-name, §d dotted.name, §h host."""

import json

# A name beside the secret: what a program reads, prints or is started with.
NAMED = {
    "env": "§N=§S",
    "export": 'export §N="§S"',
    "yaml": "  §n: §S",
    "yaml-quoted": 'auth:\n  §n: "§S"\n  timeout: 30',
    "json": '{"region": "eu-west-1", "§n": "§S", "retries": 3}',
    "json-camel": '  "§c": "§S",',
    "python": '§n = "§S"',
    "javascript": "const §c = '§S';",
    "go": '\t§c := "§S"',
    "java": 'private static final String §N = "§S";',
    "terraform": '  §n = "§S"',
    "dockerfile": "ENV §N=§S",
    "docker-run": "docker run --rm -e §N=§S registry.acme.example/app:1.4",
    "kubernetes": '- name: §N\n  value: "§S"',
    "properties": "§d=§S",
    "ini": "[default]\n§n = §S",
    "xml": "<§n>§S</§n>",
    "log": "2026-11-23T10:15:02Z DEBUG loaded config §n=§S timeout=30",
    "flag": "./deploy --§k §S --verbose",
    "flag-equals": "deploy --§k=§S --region eu",
    "powershell": '$env:§N = "§S"',
    "environ": 'os.environ["§N"] = "§S"',
    "escaped-json": '"body": "{\\"§n\\":\\"§S\\",\\"n\\":1}"',
    "query": "https://§h/v1/items?§n=§S&page=2",
    "tool-call": '{"full_command":"§N=§S make deploy"}',
    "diff": "+    §n: '§S'",
}
# A header, which tells by itself that what follows is a credential.
HEADER = {
    "bearer": "Authorization: Bearer §S",
    "curl-bearer": 'curl -sS -H "Authorization: Bearer §S" https://§h/v1/me',
    "curl-key": "curl -H 'X-Api-Key: §S' https://§h/v1/me",
    "har": '{"headers":[{"name":"Authorization","value":"Bearer §S"}]}',
}
# Nothing but the secret's own look.
BARE = {
    "log-line": "2026-11-23T10:15:02Z WARN request to §h with §S was refused",
    "chat": "hey, for staging please use §S until friday",
    "markdown": "Use `§S` for now.",
    "array": '["§S", "eu-west-1"]',
    "csv": "prod,§S,2026-11-23",
    "clone": "git clone https://x:§S@git.acme.example/acme/app.git",
    "comment": "# old one: '§S'",
    "exception": "ValueError: unexpected value '§S' in field 3",
}
HOSTS = ("api.{}.com", "{}.acme.example", "eu.{}.io")


def of(form):
    """Name and template of every text in which the format's secrets stand."""
    found = [(f"own-{at}", template) for at, template in enumerate(form.own)]
    if form.only_own:
        return found
    found += NAMED.items()
    # A header takes one word of ASCII.
    found += HEADER.items()
    if form.evident:
        found += BARE.items()
    return found


def camel(name):
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def fill(template, form, chance, secret):
    """The text and the place of the secret in it."""
    name = chance.choice(form.names or ("API_KEY",))
    host = chance.choice(HOSTS).format(form.vendor)
    if template.lstrip().startswith(("{", '"')) and ("\n" in secret or '"' in secret):
        secret = json.dumps(secret)[1:-1]
    for sign, value in (
        ("§N", name.upper()), ("§n", name.lower()), ("§c", camel(name)), ("§k", name.lower().replace("_", "-")),
        ("§d", name.lower().replace("_", ".")), ("§h", host),
    ):
        template = template.replace(sign, value)
    start = template.index("§S")
    return template.replace("§S", secret), start, start + len(secret)
