import json

import pytest


@pytest.mark.slow  # imports torch, av, cv2 and faiss in children and reads 200 MB of weights
def test_doctor_tells_what_works(program):
    done = program.run("doctor", "--json")
    document = json.loads(done.stdout)
    checks = {check["name"]: check for check in document["checks"]}
    assert checks["decoders"]["works"], checks["decoders"]
    assert "h264" in checks["decoders"]["found"]
    assert "threads" in checks["devices"]["found"]
    assert all(set(c) == {"name", "works", "found", "remedy", "needed"} for c in checks.values())
    assert document["works"] == all(c["works"] or not c["needed"] for c in checks.values())
    assert done.returncode == (0 if document["works"] else 1)
