"""Made-up secrets of each kind, put together at run time; none was ever valid."""

import base64
import random
import string

_chance = random.Random(7)


def _some(alphabet, length):
    return "".join(_chance.choice(alphabet) for _ in range(length))


WORD = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"


def _base64url(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _jwt():
    head = _base64url('{"alg":"HS256","typ":"JWT"}')
    body = _base64url('{"sub":"1234567890","name":"Ana","iat":1516239022}')
    return f"{head}.{body}.{_some(WORD, 43)}"


def _private_key():
    lines = "\n".join(_some(WORD + "+/", 64) for _ in range(6))
    return "-----BEGIN RSA " + f"PRIVATE KEY-----\n{lines}\n-----END RSA " + "PRIVATE KEY-----"


def kinds():
    """For each kind: the text to plant and the part of it that must not survive."""
    word = lambda length: _some(WORD, length)
    tokens = {
        "aws_access_key": "AK" + "IA" + _some(UPPER, 16),
        "github": "gh" + "p_" + word(36),
        "github_fine": "github" + "_pat_" + word(22) + "_" + word(59),
        "gitlab": "glp" + "at-" + word(20),
        "slack": "xo" + "xb-" + _some(string.digits, 12) + "-" + _some(string.digits, 12) + "-" + word(24),
        "stripe": "sk_" + "live_" + word(24),
        "openai": "sk-" + "proj-" + word(48),
        "anthropic": "sk-" + "ant-api03-" + word(93) + "AA",
        "google_api": "AI" + "za" + word(35),
        "npm": "np" + "m_" + word(36),
        "sendgrid": "SG" + "." + word(22) + "." + word(43),
        "jwt": _jwt(),
    }
    planted = {name: (token, token) for name, token in tokens.items()}
    bearer, basic, cookie, password = word(40), base64.b64encode(f"ana:{word(12)}".encode()).decode(), word(32), word(14)
    planted["authorization_bearer"] = (f"Authorization: Bearer {bearer}", bearer)
    planted["authorization_basic"] = (f"authorization: Basic {basic}", basic)
    planted["cookie"] = (f"Cookie: session_token={cookie}; theme=dark", cookie)
    planted["password_url"] = (f"postgres://ana:{password}@db.example.com/app", password)
    planted["password_json"] = ('{"user":"ana","password":"%s"}' % password, password)
    planted["password_form"] = (f"user=ana&password={password}&go=1", password)
    planted["password_flag"] = (f"mysql --user ana --password={password} app", password)
    key = _private_key()
    planted["private_key"] = (key, key.splitlines()[2])
    return planted
