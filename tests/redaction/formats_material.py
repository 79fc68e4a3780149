"""Secrets that no vendor issues: keys and certificates, passwords, hashes, and what protocols carry."""

import base64
import hashlib
import json

from chance import ALNUM, base58check
from format import Secret, evident, made, named, placed, whole

BEGIN, END = "-----" + "BEGIN ", "-----" + "END "
SHELL_AND_FILE = ("§S", "cat <<'EOF' > /etc/ssl/private/site.key\n§S\nEOF", "# rotated 2026-11-01\n§S\n# end of key")
CRYPT = "./" + ALNUM
WORDS = (
    "abandon ability absent absorb abstract accident account acoustic acquire adapt address advance aerobic "
    "afford airport alcohol almost alpha amateur amused anchor ancient animal announce antenna apology arctic armor "
    "arrest artist asthma athlete attract auction august autumn average avocado awesome bachelor balcony bamboo banner "
    "barely basket battle beach beauty become behave benefit betray beyond bicycle biology blanket blossom bonus border"
).split()


def _base64(text):
    return base64.b64encode(text.encode()).decode()


def _base64url(document):
    text = json.dumps(document, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _lines(chance, number, width=64):
    return [chance.some("b", width) for _ in range(number)] + [chance.some("b", width // 2) + "=="]


def _armoured(label, number, start="", headers=()):
    def make(chance):
        lines = _lines(chance, number)
        lines[0] = (start + lines[0])[:64]
        blank = [""] if headers else []
        return Secret("\n".join([BEGIN + label + "-----", *headers, *blank, *lines, END + label + "-----"]), tuple(lines))
    return make


def _putty(chance):
    public, private = _lines(chance, 3), _lines(chance, 8)
    text = ["PuTTY-User-Key-File-3: ssh-ed25519", "Encryption: none", "Comment: ana@laptop", "Public-Lines: 4", *public,
            "Private-Lines: 9", *private, "Private-MAC: " + (mac := chance.some("h", 64))]
    return Secret("\n".join(text), (*private, mac))


def _openvpn(chance):
    lines = [chance.some("h", 32) for _ in range(16)]
    return Secret("\n".join([BEGIN + "OpenVPN Static key V1-----", *lines, END + "OpenVPN Static key V1-----"]), tuple(lines))


def _wireguard(chance):
    # 32 bytes whose top bits are as RFC 7748 asks.
    key = bytearray(chance.randbytes(32))
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return base64.b64encode(key).decode()


def _cisco_type_7(chance):
    key = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
    seed = chance.randrange(16)
    text = chance.some("a", 12)
    return f"{seed:02d}" + "".join(f"{ord(sign) ^ ord(key[(seed + at) % len(key)]):02X}" for at, sign in enumerate(text))


def _jwt(claims):
    def make(chance):
        head = _base64url({"alg": "HS256", "typ": "JWT"})
        body = _base64url(claims(chance))
        signature = chance.some("w", 43)
        # The last claim's end is a domain, which other texts hold too.
        return Secret(f"{head}.{body}.{signature}", (body[-64:-24], signature))
    return make


def _session_claims(chance):
    return {"iss": "https://login.acme.example", "exp": 1795425829, "sub": chance.uuid(), "email": f"{chance.some('l', 8)}@acme.example"}


def _service_account_claims(chance):
    return {"iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": "prod",
            "kubernetes.io/serviceaccount/service-account.uid": chance.uuid(), "sub": "system:serviceaccount:prod:deployer"}


def _kubeconfig_key(chance):
    key = _armoured("RSA " + "PRIVATE KEY", 10)(chance).text
    text = _base64(key + "\n")
    return Secret(text, (text[60:-8],))


def _saml(chance):
    text = _base64(
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_%s"><saml:Assertion>'
        "<ds:SignatureValue>%s</ds:SignatureValue><saml:NameID>%s@acme.example</saml:NameID></saml:Assertion></samlp:Response>"
        % (chance.some("h", 32), chance.some("b", 172), chance.some("l", 8)))
    return Secret(text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"), (text[200:320],))


def _basic(chance):
    return _base64(f"svc-deploy:{chance.password()}")


def _docker_auth(chance):
    return _base64(f"acme:{chance.some('a', 24)}")


def _hash(prefix, salt, length):
    def make(chance):
        body = "".join(chance.choices(CRYPT, k=length))
        return Secret(f"{prefix}{chance.some('a', salt)}{'$' if salt else ''}{body}", (body,))
    return make


def _argon(chance):
    body = chance.some("b", 43)
    return Secret(f"$argon2id$v=19$m=65536,t=3,p=4${chance.some('b', 22)}${body}", (body,))


def _wif(chance):
    return base58check(b"\x80" + chance.randbytes(32) + b"\x01")


def _mnemonic(chance):
    words = " ".join(chance.choices(WORDS, k=12))
    return Secret(words, (words,))


def _verifier(chance):
    return base64.urlsafe_b64encode(hashlib.sha256(chance.randbytes(32)).digest()).decode().rstrip("=")


FORMATS = (
    *(made(f"pem.{name}", _armoured(*how), "", *SHELL_AND_FILE, only_own=True)
      for name, *how in (
          ("rsa", "RSA " + "PRIVATE KEY", 24, "MIIEpAIBAAKCAQEA"), ("ec", "EC " + "PRIVATE KEY", 3, "MHcCAQEEI"),
          ("dsa", "DSA " + "PRIVATE KEY", 8, "MIIBuwIBAAKBgQ"), ("pkcs8", "PRIVATE" + " KEY", 26, "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"),
          ("encrypted_pkcs8", "ENCRYPTED " + "PRIVATE KEY", 28, "MIIFLTBXBgkqhkiG9w0BBQ0w"),
          ("openssh", "OPENSSH " + "PRIVATE KEY", 6, "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ"),
          ("encrypted_rsa", "RSA " + "PRIVATE KEY", 24, "",
           ("Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0011223344556677")),
          ("pgp", "PGP " + "PRIVATE KEY BLOCK", 16, "lQOYBG", ("Version: GnuPG v2",)))),
    made("putty.key", _putty, "", "§S", "# deploy.ppk\n§S", only_own=True),
    made("openvpn.static_key", _openvpn, "", "<tls-auth>\n§S\n</tls-auth>", "§S", only_own=True),
    made("wireguard.private_key", whole(_wireguard), "", "[Interface]\nPrivateKey = §S\nAddress = 10.0.0.2/32", "PrivateKey=§S",
         "WG_PRIVATE_KEY=§S", only_own=True, evident=False),
    made("wireguard.preshared_key", whole(_wireguard), "", "PresharedKey = §S", "[Peer]\nPresharedKey = §S", only_own=True, evident=False),
    made("cisco.type7", whole(_cisco_type_7), "", "enable password 7 §S", " password 7 §S", "username admin privilege 15 password 7 §S", only_own=True),
    evident("age.identity", "AGE-SECRET-" "KEY-1{z:58}", "SOPS_AGE_KEY"),
    made("pkcs12.base64", whole(lambda c: "MIIKkQIBAzCCClcGCSqGSIb3DQEHAaCCCkgEggpE" + c.some("b", 300), 40), "",
         "PKCS12_BASE64=§S", "CERTIFICATE_P12: §S", only_own=True, evident=False),
    made("kubernetes.service_account", _jwt(_service_account_claims), "KUBE_TOKEN K8S_TOKEN", "    token: §S",
         "curl -k -H 'Authorization: Bearer §S' https://10.96.0.1/api"),
    made("kubernetes.client_key", _kubeconfig_key, "", "    client-key-data: §S", '"client-key-data": "§S"', only_own=True),
    made("docker.config_auth", whole(_docker_auth), "", '{"auths":{"registry.acme.example":{"auth":"§S"}}}',
         '      "auth": "§S"', only_own=True),
    placed("netrc.password", "{a:20}", "machine api.acme.example login ana password §S", "machine github.com\n  login ana\n  password §S"),
    placed("pgpass.password", "{a:20}", "db.acme.example:5432:app:svc_app:§S", "10.0.3.4:5432:*:postgres:§S"),
    placed("ssh.password", "{a:16}", "sshpass -p §S ssh ana@10.0.3.4 uptime", "sshpass -p '§S' scp a.txt ana@host:/tmp"),
    placed("mysql.flag", "{a:16}", "mysql -h db1 -u app -p§S app", "mysqldump --user=app --password=§S app > a.sql"),
    placed("curl.user", "{a:18}", "curl -u ana:§S https://api.acme.example/v1/me", "curl --user 'svc:§S' -O https://files.acme.example/a.zip"),
    placed("ldap.bind", "{a:16}", "ldapsearch -x -D cn=admin,dc=acme -w §S -b dc=acme", "bindpw §S"),
    placed("url.userinfo", "{a:20}", "https://deploy:§S@git.acme.example/app.git", "ftp://ana:§S@files.acme.example/inbox",
           "smtp://mailer:§S@mail.acme.example:587"),
    *(made(f"hash.{name}", maker, "", *own, only_own=True) for name, maker, own in (
        ("apr1", _hash("$apr1$", 8, 22), ("ana:§S", "htpasswd entry ana:§S")),
        ("bcrypt", _hash("$2y$12$", 0, 53), ("ana:§S", '"password_hash": "§S"')),
        ("sha512crypt", _hash("$6$", 16, 86), ("root:§S:19700:0:99999:7:::", "ana:§S:20000:0:99999:7:::")),
        ("yescrypt", _hash("$y$j9T$", 22, 43), ("root:§S:19700:0:99999:7:::", "ana:§S:20050:0:99999:7:::")),
        ("argon2", _argon, ("hash=§S", '"password_hash":"§S"')))),
    placed("hash.ntlm", "{h:32}", "Administrator:500:aad3b435b51404eeaad3b435b51404ee:§S:::",
           "svc_sql:1107:aad3b435b51404eeaad3b435b51404ee:§S:::"),
    named("ethereum.private_key", "0x{h:64}", "ETH_PRIVATE_KEY DEPLOYER_PRIVATE_KEY"),
    made("bitcoin.wif", whole(_wif), "BITCOIN_PRIVATE_KEY", evident=False),
    made("bip39.mnemonic", _mnemonic, "", 'MNEMONIC="§S"', "seed phrase: §S", "mnemonic = '§S'", only_own=True, evident=False),
    made("jwt.session", _jwt(_session_claims), "ACCESS_TOKEN ID_TOKEN", "Cookie: session=§S"),
    placed("http.bearer", "{w:40}", "Authorization: Bearer §S", "curl -H 'authorization: bearer §S' https://api.acme.example/v2/x",
           '{"headers":{"Authorization":"Bearer §S","Accept":"*/*"}}'),
    made("http.basic", whole(_basic), "", "Authorization: Basic §S", "proxy-authorization: basic §S",
         '{"headers":{"Authorization":["Basic §S"]}}', only_own=True),
    placed("http.api_key_header", "{a:36}", "X-Api-Key: §S", "curl -H 'x-api-key: §S' https://api.acme.example/v1/items"),
    placed("cookie.session", "{w:48}", "Cookie: theme=dark; sessionid=§S; lang=de", "Set-Cookie: session=§S; Path=/; HttpOnly; Secure",
           "cookie: connect.sid=s%3A§S"),
    placed("cookie.php", "{n:26}", "Cookie: PHPSESSID=§S", "Set-Cookie: PHPSESSID=§S; path=/"),
    placed("cookie.jsessionid", "{H:32}", "Cookie: JSESSIONID=§S", "https://app.acme.example/a;jsessionid=§S?x=1"),
    made("saml.assertion", _saml, "", "SAMLResponse=§S&RelayState=abc", "POST /acs body: RelayState=%2F&SAMLResponse=§S", only_own=True),
    placed("oauth.code", "{w:48}", "https://app.acme.example/callback?code=§S&scope=openid",
           "GET /oauth/callback?scope=read&code=§S HTTP/1.1", "grant_type=authorization_code&code=§S&client_id=web"),
    placed("oauth.state", "{w:43}", "https://app.acme.example/callback?state=§S&iss=https%3A%2F%2Flogin.acme.example",
           "https://login.acme.example/authorize?client_id=web&response_type=code&state=§S"),
    placed("oauth.device_code", "{w:60}", "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=§S&client_id=cli",
           '{"device_code":"§S","user_code":"WDJB-MJHT","verification_uri":"https://login.acme.example/device","interval":5}'),
    made("oauth.code_verifier", whole(_verifier), "", "grant_type=authorization_code&client_id=web&code_verifier=§S",
         '{"grant_type":"authorization_code","code_verifier":"§S"}', only_own=True, evident=False),
    placed("oauth.refresh_token", "{w:64}", "grant_type=refresh_token&refresh_token=§S&client_id=web",
           '{"token_type":"Bearer","expires_in":3600,"refresh_token":"§S"}'),
    placed("oauth.client_secret", "{w:40}", "grant_type=client_credentials&client_id=svc&client_secret=§S",
           '{"client_id":"svc","client_secret":"§S","scope":"api"}'),
    placed("oauth.access_token", "{a:44}", '{"access_token":"§S","token_type":"bearer"}',
           "https://api.acme.example/v1/me?access_token=§S&fields=id"),
    placed("password.field", "{a:14}", '{"user":"ana","password":"§S"}', "password=§S", "DB_PASSWORD=§S", "db_password: '§S'",
           "user=ana&password=§S&go=1", "<password>§S</password>", "spring.datasource.password=§S", "login --user ana --password §S"),
    placed("password.connection", "{a:16}", "host=db1 port=5432 dbname=app user=svc password=§S sslmode=require",
           "Driver={ODBC Driver 18};Server=db1;Uid=svc;Pwd=§S;"),
    placed("secret.generic", "{a:40}", "SECRET_KEY=§S", "client_secret: §S", 'api_secret = "§S"', "SECRET_KEY_BASE=§S",
           "JWT_SECRET='§S'", '"webhook_secret": "§S"'),
    placed("secret.django", "{a:50}", "SECRET_KEY = 'django-insecure-§S'"),
)
