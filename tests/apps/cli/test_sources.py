import os

import pytest

from apps.cli.sources import SourceText
from apps.errors import NoFileError

NOBODY = 65534


def test_a_file_in_a_folder_that_may_not_be_searched_is_not_called_missing(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0)
    child = os.fork()  # in a process of its own, as root must become somebody else for good
    if child == 0:
        told = 1
        try:
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            with pytest.raises(NoFileError, match=r"no right to look for .*locked"):
                SourceText().convert(str(folder / "a.mp4"), None, None)
            told = 0
        finally:
            os._exit(told)
    _, status = os.waitpid(child, 0)
    folder.chmod(0o700)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_name_that_is_no_file_is_passed_on():
    assert SourceText().convert("holiday", None, None) == "holiday"
