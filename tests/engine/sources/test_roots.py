"""Which files may be read, and what a person is told about the others."""

import os
import tempfile
from pathlib import Path

import pytest

from trueup.errors import Refused
from trueup.sources.roots import BUNDLE, resolve_source, source_roots_from_environment


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    (folder / "bank").mkdir(parents=True)
    (folder / "bank" / "entries.csv").write_text("a,b\n1,2\n")
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    return folder


def refusal(path, *roots) -> str:
    with pytest.raises(Refused) as refused:
        resolve_source(str(path), roots)
    return str(refused.value)


def test_a_file_is_found_by_its_path_below_a_root_or_by_its_full_path(inbox):
    file = inbox / "bank" / "entries.csv"
    assert resolve_source("bank/entries.csv", [inbox]) == file.resolve()
    assert resolve_source(str(file), [inbox]) == file.resolve()
    assert resolve_source("bank/../bank/entries.csv", [inbox]) == file.resolve()


def test_roots_are_tried_in_order(inbox, tmp_path):
    other = tmp_path / "other"
    (other / "bank").mkdir(parents=True)
    assert resolve_source("bank/entries.csv", [other, inbox]).is_relative_to(inbox.resolve())
    (other / "bank" / "entries.csv").write_text("x")
    assert resolve_source("bank/entries.csv", [other, inbox]).is_relative_to(other.resolve())


def test_a_path_counted_from_the_bundle_is_found():
    path = "include/samples/opencollective/ledger_entries.csv"
    assert resolve_source(path, [BUNDLE / "include" / "samples"]) == (BUNDLE / path).resolve()


def test_a_link_inside_the_roots_and_a_root_that_is_a_link_are_followed(inbox, tmp_path):
    (inbox / "latest.csv").symlink_to("bank/entries.csv")
    (tmp_path / "alias").symlink_to(inbox)
    real = (inbox / "bank" / "entries.csv").resolve()
    assert resolve_source("latest.csv", [inbox]) == real
    assert resolve_source("bank/entries.csv", [tmp_path / "alias"]) == real


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.csv", "bank/../../secret.csv"])
def test_a_file_outside_the_roots_is_refused(inbox, path):
    sentence = refusal(path, inbox)
    assert "outside the folders" in sentence
    assert str(inbox) in sentence
    assert "TRUEUP_SOURCE_ROOTS" in sentence


def test_a_refusal_does_not_tell_whether_a_file_outside_exists(inbox, tmp_path):
    there, not_there = tmp_path / "secret.csv", tmp_path / "no_such.csv"
    assert refusal(there, inbox).replace("secret", "no_such") == refusal(not_there, inbox)


def test_a_link_that_leads_out_is_refused(inbox, tmp_path):
    (inbox / "out.csv").symlink_to(tmp_path / "secret.csv")
    (inbox / "up").symlink_to(tmp_path)
    assert "outside the folders" in refusal("out.csv", inbox)
    assert "outside the folders" in refusal("up/secret.csv", inbox)


def test_a_folder_whose_name_only_begins_like_a_root_is_outside(inbox, tmp_path):
    (tmp_path / "inbox2").mkdir()
    (tmp_path / "inbox2" / "entries.csv").write_text("x")
    assert "outside the folders" in refusal(tmp_path / "inbox2" / "entries.csv", inbox)


def test_a_loop_of_links_is_refused(inbox):
    (inbox / "loop.csv").symlink_to("loop.csv")
    assert "loop.csv" in refusal("loop.csv", inbox)


def test_a_file_that_is_not_there_is_refused_with_near_names(inbox):
    sentence = refusal("bank/entrys.csv", inbox)
    assert "There is no file 'bank/entrys.csv'" in sentence
    assert str(inbox) in sentence
    assert "Did you mean 'bank/entries.csv'?" in sentence
    assert "bank/entries.csv" in refusal("entries.csv", inbox)
    assert "Did you mean" not in refusal("zzz", inbox)


def test_a_root_that_is_not_there_is_no_obstacle(inbox, tmp_path):
    assert resolve_source("bank/entries.csv", [tmp_path / "none", inbox]).name == "entries.csv"
    assert "There is no file" in refusal("entries.csv", tmp_path / "none")


@pytest.mark.parametrize("path", ["", "  ", "a\0b"])
def test_a_path_that_names_nothing_is_refused(inbox, path):
    assert "No source file is named" in refusal(path, inbox)


def test_a_name_too_long_for_the_disk_is_refused(inbox):
    assert "cannot be read" in refusal("x" * 5000, inbox)


def test_a_folder_is_refused(inbox):
    assert "is a folder" in refusal("bank", inbox)
    assert "is a folder" in refusal(".", inbox)


def test_a_pipe_is_refused_without_being_opened(inbox):
    os.mkfifo(inbox / "pipe.csv")
    assert "a pipe, socket or device" in refusal("pipe.csv", inbox)


def test_a_device_is_refused():
    assert "a pipe, socket or device" in refusal("/dev/zero", Path("/dev"))


@pytest.mark.parametrize(
    "content",
    [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\0\n", b"\n\r\n \t", b" \r\n" * 1_000_000],
)
def test_a_file_without_content_is_refused(inbox, content):
    (inbox / "empty.csv").write_bytes(content)
    assert "is empty" in refusal("empty.csv", inbox)


@pytest.fixture
def unprivileged():
    """A folder that everyone may enter, and no more rights than anyone has."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "closed").mkdir()
        for file in (folder / "entries.csv", folder / "closed" / "entries.csv"):
            file.write_text("a,b\n1,2\n")
            file.chmod(0)
        (folder / "closed").chmod(0)
        if user == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(user)
        (folder / "closed").chmod(0o755)


@pytest.mark.parametrize("path", ["entries.csv", "closed/entries.csv"])
def test_a_file_without_the_right_to_read_it_is_refused(unprivileged, path):
    assert "cannot be read (Permission denied)" in refusal(path, unprivileged)


def test_the_roots_are_the_samples_and_the_inbox_unless_the_environment_says(monkeypatch):
    monkeypatch.delenv("TRUEUP_SOURCE_ROOTS", raising=False)
    assert source_roots_from_environment() == [
        BUNDLE / "include" / "samples", BUNDLE / ".trueup" / "inbox",
    ]  # fmt: skip
    assert (BUNDLE / "dags" / "trueup" / "sources" / "roots.py").is_file()
    monkeypatch.setenv("TRUEUP_SOURCE_ROOTS", "/data/in: /mnt/bank :relative:")
    assert source_roots_from_environment() == [
        Path("/data/in"), Path("/mnt/bank"), BUNDLE / "relative",
    ]  # fmt: skip
    monkeypatch.setenv("TRUEUP_SOURCE_ROOTS", " ")
    assert source_roots_from_environment()[1] == BUNDLE / ".trueup" / "inbox"
