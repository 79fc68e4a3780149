"""Sealed originals: what was masked comes back to who has the private key, and never unseen."""

import json
import os
import pathlib
import socket

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import otlp
import records
from secrets_kinds import kinds

CONFIG = '[lake]\nmax_age = "1s"\n[redact.seal]\nkey_file = "{public}"\n'
ACCESS = """
    select status_code, status_id, severity_id, actor.user.uid, device.hostname, message, class_uid,
           unmapped->>'unseal.row', unmapped->>'unseal.sealed_for', unmapped->>'unseal.stands_for'
    from lake where api.operation = 'unseal' order by time, status_code
"""


@pytest.fixture
def pair(run, tmp_path):
    """A key pair: files of the private and the public half, and the key's id."""
    return make_pair(run, tmp_path, "seal")


def make_pair(run, folder, name):
    private, public = folder / f"{name}.private", folder / f"{name}.public"
    answer = run("generate", "seal-key", private, public)
    assert answer.returncode == 0, answer.stderr
    key_id = answer.stdout.decode().split()[3]
    return private, public, key_id


def send(server, text, number=1):
    status, answer = otlp.http_post(
        server.ports["otlp_http"], "logs", records.request([number], text=text), "application/x-protobuf"
    )
    assert status == 200, answer


def rows(server):
    """Id, command line and sealed text of each row that a client has sent."""
    return server.sql(
        "select metadata.uid, process.cmd_line, magistrate.sealed from lake "
        "where api.operation is distinct from 'unseal' order by time"
    )


def assert_nowhere(server, secret):
    everything = json.dumps(server.sql("select to_json(lake) from lake"), ensure_ascii=False).encode()
    for place, content in [("rows", everything), *server.every_byte_written()]:
        assert secret.encode() not in content, f"the secret is in {place}"


@pytest.fixture
def sealed(magistrate, pair):
    """A stopped server with one row of a masked secret, and the secret."""
    secret, _ = kinds()["github"]
    server = magistrate(CONFIG.format(public=pair[1])).start()
    send(server, secret)
    server.stop()
    return server, secret


def test_a_masked_secret_comes_back_with_an_access_row(run, sealed, pair):
    server, secret = sealed
    private, _, key_id = pair
    [(uid, command, column)] = rows(server)
    assert secret not in command and column.startswith(f"1.{key_id}.")
    assert_nowhere(server, secret)

    answer = run("unseal", "--key-file", private, "--reason", "ticket 4711", "--data", server.data, uid, cwd=server.folder)
    assert answer.returncode == 0, answer.stderr
    token = command.split("[redacted:")[1].split("]")[0].rsplit(":", 1)[1]
    text = answer.stdout.decode()
    assert uid in text and token in text and secret in text
    assert secret.encode() not in answer.stderr
    assert_nowhere(server, secret)
    [row] = server.sql(ACCESS)
    assert row == (
        "opened", 1, 1, str(os.getuid()), socket.gethostname(), "ticket 4711", 6003, uid, key_id, None
    )


def test_json_and_a_search_by_token(run, sealed, pair):
    server, secret = sealed
    [(uid, command, _)] = rows(server)
    marker = "[redacted:" + command.split("[redacted:")[1].split("]")[0] + "]"
    token = marker[:-1].rsplit(":", 1)[1]
    for asked in (token, marker):
        answer = run("unseal", "--key-file", pair[0], "--reason", "r", "--json", "--data", server.data, "--token", asked)
        assert answer.returncode == 0, answer.stderr
        [row] = json.loads(answer.stdout)["rows"]
        assert (row["uid"], row["outcome"], row["key_id"]) == (uid, "opened", pair[2])
        [original] = row["originals"]
        assert (original["token"], original["text"]) == (token, secret)
    assert [row[-1] for row in server.sql(ACCESS)] == [token, token]
    answer = run("unseal", "--key-file", pair[0], "--reason", "r", "--data", server.data, "--token", "a" * 16)
    assert answer.returncode == 1 and b"not_found" in answer.stdout


def test_without_a_reason_nothing_happens(run, sealed, pair):
    server, secret = sealed
    [(uid, _, _)] = rows(server)
    asked = ("--key-file", pair[0], "--data", server.data)
    for arguments in (("--reason", ""), ("--reason", " \t"), ()):
        answer = run("unseal", *asked, *arguments, uid)
        assert answer.returncode == 64 and secret.encode() not in answer.stdout
    for arguments in (("nonsense",), ("--token", "nonsense"), (), ("--token", "a" * 16, uid)):
        assert run("unseal", *asked, "--reason", "r", *arguments).returncode == 64
    assert server.sql(ACCESS) == []


def test_a_failed_attempt_is_logged_too(run, sealed, pair, tmp_path):
    server, secret = sealed
    [(uid, _, _)] = rows(server)
    other, public, _ = make_pair(run, tmp_path, "other")
    unknown = "0" * 32
    for key, asked, word in (
        (other, uid, "wrong_key"),
        (pair[0], unknown, "not_found"),
        (public, uid, "no_key"),
        (tmp_path / "missing", uid, "no_key"),
    ):
        answer = run("unseal", "--key-file", key, "--reason", f"try {word}", "--data", server.data, asked)
        assert answer.returncode == 1, answer.stderr
        assert word.encode() in answer.stdout and secret.encode() not in answer.stdout
        assert server.sql(ACCESS)[-1][0] in (word, "wrong_key", "not_found")
    found = [(row[0], row[1], row[2], row[7]) for row in server.sql(ACCESS)]
    assert sorted(found) == sorted([
        ("wrong_key", 2, 3, uid), ("not_found", 2, 3, unknown), ("no_key", 2, 3, uid), ("no_key", 2, 3, uid),
    ])


def test_a_secret_in_the_reason_is_masked(run, sealed, pair):
    server, secret = sealed
    [(uid, _, _)] = rows(server)
    answer = run("unseal", "--key-file", pair[0], "--reason", f"is it {secret}?", "--data", server.data, uid)
    assert answer.returncode == 0
    [row] = server.sql(ACCESS)
    assert row[5].startswith("is it [redacted:credential.github:")
    assert_nowhere(server, secret)


def test_beside_a_running_instance(run, magistrate, pair):
    secret, _ = kinds()["github"]
    server = magistrate(CONFIG.format(public=pair[1])).start()
    send(server, secret)
    server.wait(lambda: rows(server), "row in the lake")
    [(uid, _, _)] = rows(server)
    answer = run("unseal", "--key-file", pair[0], "--reason", "live", "--data", server.data, uid)
    assert answer.returncode == 0, answer.stderr
    assert secret in answer.stdout.decode()
    assert [row[0] for row in server.sql(ACCESS)] == ["opened"], "the access row is there at once"
    send(server, "a later record", 2)
    server.wait(lambda: len(rows(server)) == 2, "later row")
    server.stop()
    server.start()
    server.stop()
    assert [row[0] for row in server.sql(ACCESS)] == ["opened"], "and there to stay, once"
    assert list((server.data / "lake/.tmp").iterdir()) == []
    assert_nowhere(server, secret)


def test_where_no_access_row_can_be_written_nothing_is_shown(run, sealed, pair):
    server, secret = sealed
    [(uid, _, _)] = rows(server)
    # A folder where the file of the state should be: the queue cannot be opened.
    state = server.data / "state.redb"
    state.rename(server.data / "elsewhere")
    state.mkdir()
    answer = run("unseal", "--key-file", pair[0], "--reason", "r", "--data", server.data, uid)
    assert answer.returncode == 70 and answer.stdout == b"", answer.stdout
    assert b"access row" in answer.stderr and secret.encode() not in answer.stderr


def test_a_row_that_was_tampered_with_or_moved_does_not_open(run, magistrate, pair):
    secret, _ = kinds()["github"]
    server = magistrate(CONFIG.format(public=pair[1])).start()
    send(server, secret, 1)
    send(server, "nothing of note", 2)
    server.stop()
    found = rows(server)
    donor = next(row for row in found if row[2])
    clean = next(row for row in found if not row[2])
    file = next(path for path in server.data.glob("lake/**/*.parquet") if clean[0] in uids_of(path))
    move_column(file, clean[0], donor[2])
    answer = run("unseal", "--key-file", pair[0], "--reason", "r", "--data", server.data, clean[0])
    assert answer.returncode == 1 and b"damaged" in answer.stdout
    assert secret.encode() not in answer.stdout


def uids_of(path):
    return [row["uid"] for row in pq.ParquetFile(path).read()["metadata"].to_pylist()]


def move_column(path, uid, sealed):
    """Writes the file anew, with `sealed` in the row `uid`."""
    table = pq.ParquetFile(path).read()
    written = table.to_pylist()
    for row in written:
        if row["metadata"]["uid"] == uid:
            row["magistrate"]["sealed"] = sealed
    pq.write_table(pa.Table.from_pylist(written, schema=table.schema), path, compression="zstd")


def test_an_encrypted_lake_opens_with_the_configured_key(run, magistrate, pair, tmp_path):
    secret, _ = kinds()["github"]
    key = tmp_path / "lake.key"
    key.write_text("7a" * 32)
    config = CONFIG.format(public=pair[1]).replace("[lake]\n", f'[lake]\nencryption_key_file = "{key}"\n')
    server = magistrate(config).start()
    send(server, secret)
    server.stop()
    token = token_of(run, server, secret)
    asked = ("unseal", "--key-file", pair[0], "--reason", "r", "--data", server.data, "--token", token)
    answer = run(*asked, "-c", server.config)
    assert answer.returncode == 0, answer.stderr
    assert secret in answer.stdout.decode()
    # Without the key nothing is found, and the files that stayed closed are named.
    answer = run(*asked)
    assert answer.returncode == 1 and b"cannot search" in answer.stderr


def token_of(run, server, secret):
    masked = run("redact", "-c", server.config, "--data", server.data, stdin=secret.encode()).stdout.decode()
    return masked.split("]")[0].rsplit(":", 1)[1]


def test_a_seal_key_is_private_and_never_overwritten(run, tmp_path):
    private, public, _ = make_pair(run, tmp_path, "a")
    assert private.stat().st_mode & 0o777 == 0o600
    before = private.read_bytes(), public.read_bytes()
    for files in ((private, public), (private, tmp_path / "b"), (tmp_path / "b", public)):
        assert run("generate", "seal-key", *files).returncode == 64
    assert (private.read_bytes(), public.read_bytes()) == before
    assert not (tmp_path / "b").exists()
    for files in ((), (tmp_path / "b",)):
        assert run("generate", "seal-key", *files).returncode == 64
    assert run("generate", "config", private, public).returncode == 64


def test_check_knows_the_keys(run, tmp_path):
    private, public, _ = make_pair(run, tmp_path, "a")
    key = tmp_path / "redact.key"
    key.write_text("5a" * 32)
    key.chmod(0o640)
    short = tmp_path / "short.key"
    short.write_text("5a5a")
    for text, code, words in (
        (f'[redact]\nkey_file = "{key}"\nepoch = 3\n[redact.seal]\nkey_file = "{public}"\n', 0, "mode 0640"),
        (f'[redact]\nkey_file = "{key}"\nkey_env = "K"\n', 64, "names its key twice"),
        ('[redact]\nkey_env = "K"\n', 0, "ok"),
        ('[redact]\nkey_env = "UNSET"\n', 64, "`UNSET`: not set"),
        ('[redact]\nkey_env = "SHORT"\n', 64, "64 hex digits"),
        (f'[redact]\nkey_file = "{short}"\n', 64, "64 hex digits"),
        (f'[redact]\nkey_file = "{tmp_path}/none"\n', 64, "none"),
        ("[redact]\nepoch = 4294967296\n", 64, "c.toml:2: "),
        ("[redact]\nepoch = -1\n", 64, "c.toml:2: "),
        ("[redact.seal]\n", 64, "names no key"),
        (f'[redact.seal]\nkey_file = "{private}"\n', 64, "private seal key"),
        (f'[redact.seal]\nkey_file = "{key}"\n', 64, "not a seal key"),
    ):
        file = tmp_path / "c.toml"
        file.write_text(text)
        env = {**os.environ, "K": "5a" * 32, "SHORT": "5a5a"}
        answer = run("check", "-c", file, "--data", tmp_path / "data", env=env)
        said = (answer.stdout + answer.stderr).decode()
        assert answer.returncode == code and words in said, (text, said)
        assert "5a5a" not in said
    assert not (tmp_path / "data").exists()


def test_an_epoch_and_a_key_from_the_environment_decide_the_tokens(run, tmp_path):
    secret, _ = kinds()["github"]

    def masked(key, epoch):
        file = tmp_path / "c.toml"
        file.write_text(f'data = "{tmp_path}/data"\n[redact]\nkey_env = "K"\nepoch = {epoch}\n')
        answer = run("redact", "-c", file, stdin=secret.encode(), env={**os.environ, "K": key * 32})
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    first = masked("5a", 0)
    assert masked("5a", 0) == first
    assert len({first, masked("5a", 1), masked("5a", 4294967295), masked("5b", 0)}) == 4
    assert not pathlib.Path(tmp_path / "data").exists()
