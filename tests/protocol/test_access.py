"""Whose file a path is, by its name alone."""

import pytest

from pack.protocol.access import is_test


@pytest.mark.parametrize(
    "path",
    "tests/a.py test/java/Foo.java src/__tests__/a.js spec/a.rb e2e/login.ts cypress/support/a.ts test_a.py pkg/a_test.go a.test.ts "
    "a.spec.js a_spec.rb conftest.py app/tests.py app/test.py tests.rs src/FooTest.java src/FooTests.cs FooTestCase.php FooSpec.scala "
    "FooIT.java TestFoo.java a.cy.ts a.e2e.ts login-test.js src/__snapshots__/a.js src/a.snap TEST_A.PY".split(),
)
def test_tests_of_many_languages(path):
    assert is_test(path)


@pytest.mark.parametrize(
    "path",
    "src/latest.py src/Latest.java src/contest.go Contest.java src/attest.ts src/testimony.py Testimony.java src/spec.py docs/spec.md "
    "docs/test.md protest/a.py src/AUDIT.java src/EDIT.cs Orbit.java latest/a.js src/specification.rb src/tester.py test.txt".split(),
)
def test_other_files(path):
    assert not is_test(path)
