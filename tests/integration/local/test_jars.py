"""The lock of the broker's jars, and what becomes of a jar that is not the locked one."""

import hashlib
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.jars import Jar, JarError, Progress


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a home of this test's own, and no repository on the network."""
    monkeypatch.setenv("ARREARS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setenv("JGO_CONFIG_FILE", str(tmp_path / "jgo.conf"))
    # Nothing listens on the discard port: a fetch is refused at once.
    (tmp_path / "jgo.conf").write_text("[repositories]\ncentral = http://127.0.0.1:9\n")
    return tmp_path


def jar_of(content: bytes) -> Jar:
    return Jar("org.example", "sample", "1.0", hashlib.sha256(content).hexdigest())


def put(repository: Path, jar: Jar, content: bytes) -> Path:
    path = repository / jar.relative_path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_the_lock_holds_the_broker_its_log_binding_and_a_hash_for_each_jar() -> None:
    locked = {jar.artifact: jar for jar in jars.locked_jars()}
    assert locked["kafka_2.13"].version == locked["kafka-clients"].version == "4.3.1"
    assert locked["log4j-slf4j-impl"].version == locked["log4j-core"].version
    assert all(len(jar.sha256) == 64 for jar in locked.values())


def test_the_lock_and_the_list_name_no_address() -> None:
    assert "://" not in jars.LOCK_PATH.read_text()
    assert "://" not in jars.SPEC_PATH.read_text()


def test_a_lock_without_a_hash_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "lock.toml"
    lock.write_text('[[dependencies]]\ngroupId = "org.example"\nartifactId = "sample"\nversion = "1.0"\n')
    with pytest.raises(JarError, match=r"org\.example:sample has no SHA-256"):
        jars.locked_jars(lock)


def test_a_jar_in_the_cache_is_used_when_it_is_the_locked_one(own_cache: Path) -> None:
    jar = jar_of(b"good")
    path = put(own_cache / "cache" / "jars", jar, b"good")
    seen: list[Progress] = []
    assert jars.ensure_jars(seen.append, jars=[jar]) == [path]
    assert seen[-1] == Progress(ready=1, total=1, received_bytes=0)


def test_a_jar_that_the_machines_own_repository_has_is_taken_from_there(own_cache: Path) -> None:
    jar = jar_of(b"good")
    put(own_cache / "m2", jar, b"good")
    [path] = jars.ensure_jars(jars=[jar])
    assert path.is_relative_to(own_cache / "cache")
    assert path.read_bytes() == b"good"


def test_a_jar_that_was_altered_is_not_used_and_the_error_names_both_ways_out(own_cache: Path) -> None:
    jar = jar_of(b"good")
    path = put(own_cache / "cache" / "jars", jar, b"evil")
    with pytest.raises(JarError) as raised:
        jars.ensure_jars(jars=[jar])
    assert not path.exists()
    assert "sample-1.0.jar" in str(raised.value)
    assert "KAFKA_BOOTSTRAP_SERVERS" in str(raised.value)
    assert "jgo.conf" in str(raised.value)


def test_an_altered_jar_of_the_machines_own_repository_is_not_used(own_cache: Path) -> None:
    jar = jar_of(b"good")
    path = put(own_cache / "m2", jar, b"evil")
    with pytest.raises(JarError, match=r"sample-1\.0\.jar"):
        jars.ensure_jars(jars=[jar])
    assert path.exists()
    assert not (own_cache / "cache" / "jars" / jar.relative_path).exists()
