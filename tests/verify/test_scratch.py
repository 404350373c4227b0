"""Folders for files that nobody keeps: a killed maker's go, a living one's stay."""

import os
import tempfile

from pack.base.scratch import Scratch


def test_what_a_killed_one_left_goes_and_what_is_in_use_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("team-pack-verify-dead", "team-pack-index-dead", "team-pack-verify-dead/deep"):
        (tmp_path / name).mkdir()
    (tmp_path / "team-pack-verify-dead" / "deep").chmod(0o500)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "team-pack-verify-link").symlink_to("elsewhere")
    with Scratch("verify") as one, Scratch("verify") as two:
        assert os.path.isdir(one) and os.path.isdir(two)
        assert set(os.listdir(tmp_path)) == {
            os.path.basename(one),
            os.path.basename(two),
            "team-pack-index-dead",
            "elsewhere",
            "team-pack-verify-link",
        }
    assert set(os.listdir(tmp_path)) == {"team-pack-index-dead", "elsewhere", "team-pack-verify-link"}
