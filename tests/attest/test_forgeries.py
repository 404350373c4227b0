"""What somebody may try with a range, its notes and its keys: each is refused, or, where the content is the approved one, rightly accepted.

Every case is a real repository, real keys, and `pack attest verify` as a process of its own.
"""

import json
import os
import subprocess
import time

import pytest

CASES = []


def case(expected, says=""):
    """A way to forge, or to rewrite honestly: expected exit code and a text that must be printed."""

    def keep(function):
        CASES.append(pytest.param(function, expected, says, id=function.__name__.strip("_")))
        return function

    return keep


# --- honest rewriting: the content is the approved one -------------------------------------------------------------------------------
@case(0, "OK: 2 of 2 changes in 2 commits")
def _as_it_was(lab):
    pass


@case(0, "OK: 2 of 2 changes in 1 commits")
def _squash_merge(lab):
    lab.git("checkout", "-qb", "squashed", lab.base())
    lab.git("merge", "-q", "--squash", "main")
    lab.git("commit", "-qm", "squashed")


@case(0)
def _rebase_onto_other_work(lab):
    lab.git("checkout", "-qb", "topic")
    lab.git("checkout", "-qb", "other", lab.base())
    lab.write("docs/x.md", "x\n")
    lab.commit()
    lab.other = lab.git("rev-parse", "HEAD")
    lab.git("rebase", "-q", "--onto", "other", lab.base(), "topic")
    lab.range = "other..topic"


@case(0)
def _cherry_pick(lab):
    lab.git("checkout", "-qb", "picked", lab.base())
    lab.git("cherry-pick", "main~1", "main")


@case(0)
def _amended_message(lab):
    lab.git("commit", "-q", "--amend", "-m", "another subject")


@case(0, "OK: 2 of 2")
def _clean_merge(lab):
    lab.git("checkout", "-qb", "target", lab.base())
    lab.git("commit", "-q", "--allow-empty", "-m", "empty")
    lab.git("merge", "-q", "--no-ff", "-m", "merge", "main")


@case(0)
def _note_on_another_commit(lab):
    lab.note(json.dumps(lab.envelope()), on=lab.base())


@case(0)
def _two_notes_one_good(lab):
    bad = lab.sealed(lab.statement(), lab.stranger)
    lab.note(bad, json.dumps(lab.envelope()))


@case(0)
def _notes_concatenated_and_sorted(lab):
    lab.note(*sorted([json.dumps(lab.envelope()), "somebody's words", "{not json", json.dumps(lab.envelope())]))


@case(0)
def _cut_in_a_clone_that_fetched_notes(lab):
    lab.git("clone", "-q", "--no-local", lab.repo, os.path.join(lab.home, "clone"), cwd=lab.home)
    lab.clone = os.path.join(lab.home, "clone")
    lab.git("fetch", "-q", "origin", "refs/notes/team:refs/notes/team", cwd=lab.clone)


@case(0)
def _put_back_to_what_was_there_before_and_again(lab):
    """A revert of the revert: the approved blob comes back; but the revert itself is a deletion that nobody approved."""
    lab.git("revert", "--no-edit", "HEAD")
    lab.git("revert", "--no-edit", "HEAD")
    lab.range = "HEAD~1..HEAD"


# --- content that nobody approved -----------------------------------------------------------------------------------------------------
@case(1, "other content of it was approved")
def _one_byte_more(lab):
    lab.write("src/a.py", lab.read("src/a.py") + "\n")
    lab.commit()


@case(1, "src/evil.py")
def _another_file(lab):
    lab.write("src/evil.py", "x\n")
    lab.commit()


@case(1, "src/evil.py")
def _another_file_hidden_by_a_later_commit(lab):
    lab.write("src/evil.py", "x\n")
    lab.commit()
    lab.git("rm", "-q", "src/evil.py")
    lab.commit()


@case(1, "src/a.py")
def _amend_with_content(lab):
    lab.write("src/a.py", "evil\n")
    lab.git("commit", "-qa", "--amend", "--no-edit")


@case(1, "was approved as src/a.py")
def _rename(lab):
    lab.git("mv", "src/a.py", "src/b.py")
    lab.commit()


@case(1, "was approved as src/a.py")
def _case_of_the_name(lab):
    lab.git("checkout", "-qb", "cased", lab.base())
    lab.write("src/A.py", "# task 1\n")
    lab.commit()


@case(1, "approved with mode 100644, here 100755")
def _mode(lab):
    lab.git("update-index", "--chmod=+x", "src/a.py")
    lab.git("commit", "-qm", "mode")


@case(1, "here 120000")
def _link_with_the_same_blob(lab):
    blob = lab.git("rev-parse", "HEAD:src/a.py")
    lab.git("update-index", "--cacheinfo", "120000,%s,src/a.py" % blob)
    lab.git("commit", "-qm", "link")


@case(1, "deleted")
def _deletion(lab):
    lab.git("rm", "-q", "src/a.py")
    lab.git("commit", "-qm", "gone")


@case(1, "160000")
def _submodule(lab):
    lab.git("update-index", "--add", "--cacheinfo", "160000,%s,vendor/lib" % lab.base())
    lab.git("commit", "-qm", "sub")


@case(1, "160000")
def _submodule_in_an_approved_files_place(lab):
    lab.git("update-index", "--force-remove", "src/a.py")
    lab.git("update-index", "--add", "--cacheinfo", "160000,%s,src/a.py" % lab.base())
    lab.git("commit", "-qm", "sub")


@case(1, "src/a.py")
def _evil_merge(lab):
    lab.git("checkout", "-qb", "target", lab.base())
    lab.git("commit", "-q", "--allow-empty", "-m", "empty")
    lab.git("merge", "-q", "--no-ff", "--no-commit", "main")
    lab.write("src/a.py", "evil\n")
    lab.git("commit", "-qam", "merge")


@case(1, "src/evil.py")
def _squash_with_more(lab):
    lab.git("checkout", "-qb", "squashed", lab.base())
    lab.git("merge", "-q", "--squash", "main")
    lab.write("src/evil.py", "x\n")
    lab.commit("squashed")


@case(1, "src/old.py")
def _another_root(lab):
    """An unrelated history that is merged in brings its own files."""
    lab.git("checkout", "-q", "--orphan", "stranger")
    lab.write("src/old.py", "evil\n")
    lab.commit("unrelated")
    lab.range = "BASE..stranger"


@case(1, ".gitattributes")
def _attributes_that_change_what_is_checked_out(lab):
    lab.write(".gitattributes", "* text eol=crlf\n")
    lab.commit()


@case(1, "other content")
def _swapped_contents(lab):
    a, b = (lab.read(n) for n in ("src/a.py", ".conventions/checks/naming.md"))
    lab.write("src/a.py", b)
    lab.write(".conventions/checks/naming.md", a)
    lab.commit()


# --- git that lies ---------------------------------------------------------------------------------------------------------------------
@case(1, "src/evil.py")
def _replaced_commit(lab):
    good = lab.git("rev-parse", "HEAD")
    lab.write("src/evil.py", "x\n")
    lab.commit()
    lab.git("replace", lab.git("rev-parse", "HEAD"), good)


@case(1, "src/a.py")
def _replaced_blob(lab):
    good = lab.git("rev-parse", "HEAD:src/a.py")
    lab.write("src/a.py", "evil\n")
    lab.commit()
    lab.git("replace", lab.git("rev-parse", "HEAD:src/a.py"), good)


@case(1, "src/evil.py")
def _graft(lab):
    lab.write("src/evil.py", "x\n")
    lab.commit("evil")
    evil = lab.git("rev-parse", "HEAD")
    lab.git("commit", "-q", "--allow-empty", "-m", "harmless")
    with open(os.path.join(lab.repo, ".git", "info", "grafts"), "w") as f:
        f.write("%s %s\n" % (lab.git("rev-parse", "HEAD"), lab.git("rev-parse", evil + "~1")))


@case(2, "shallow")
def _shallow_clone(lab):
    lab.git("clone", "-q", "--depth", "1", "file://" + lab.repo, os.path.join(lab.home, "clone"), cwd=lab.home)
    lab.clone = os.path.join(lab.home, "clone")
    lab.range = "HEAD"


@case(1, "src/evil.py")
def _a_diff_driver_that_shows_nothing(lab):
    lab.git("config", "diff.external", "true")
    lab.git("config", "diff.ignoreSubmodules", "all")
    lab.git("config", "core.quotePath", "true")
    lab.write("src/evil.py", "x\n")
    lab.commit()


@case(1, "vendor")
def _ignored_submodules(lab):
    lab.git("update-index", "--add", "--cacheinfo", "160000,%s,vendor" % lab.base())
    lab.git("commit", "-qm", "sub")
    lab.git("config", "diff.ignoreSubmodules", "all")


@case(1, "src/b.py")
def _rename_detection_switched_on(lab):
    lab.git("config", "diff.renames", "copies")
    lab.write("src/b.py", lab.read("src/a.py"))
    lab.commit()


# --- notes -----------------------------------------------------------------------------------------------------------------------------
@case(1, "no attestation that counts")
def _no_note(lab):
    lab.note()


@case(1, "unsigned")
def _signature_taken_away(lab):
    lab.note(json.dumps(dict(lab.envelope(), signatures=[])))


@case(1, "signed by no key")
def _signed_by_a_stranger(lab):
    lab.note(lab.sealed(lab.statement(), lab.stranger))


@case(1, "signature does not hold")
def _signature_of_other_bytes(lab):
    found = lab.statement()
    found["predicate"]["tasks"][0]["subject"] = "Something else"
    import base64

    lab.note(json.dumps(dict(lab.envelope(), payload=base64.b64encode(json.dumps(found).encode()).decode())))


@case(1, "does not hold")
def _signature_for_another_purpose(lab):
    lab.note(lab.sealed(lab.statement(), namespace="git"))


@case(1, "another kind of statement")
def _another_predicate(lab):
    lab.note(lab.sealed(dict(lab.statement(), predicateType="https://slsa.dev/provenance/v1")))


@case(1, "another kind of statement")
def _another_statement_type(lab):
    lab.note(lab.sealed(dict(lab.statement(), _type="https://in-toto.io/Statement/v0.1")))


def _files(lab, change):
    """The statement with every path of its files changed, signed with the trusted key."""

    def bent(predicate):
        for task in predicate["tasks"]:
            for row in task["files"]:
                row["path"] = change(row["path"])

    lab.bend(bent)


@case(0)
def _signed_by_a_stranger_and_by_a_trusted_key(lab):
    other = json.loads(lab.sealed(lab.statement(), lab.stranger))
    mine = json.loads(lab.sealed(lab.statement()))
    lab.note(json.dumps(dict(mine, signatures=other["signatures"] + mine["signatures"])))


@case(1, "does not count")
def _a_trusted_signature_of_something_else_beside_a_strangers(lab):
    found = lab.statement()
    other = json.loads(lab.sealed(found, lab.stranger))
    found["predicate"]["run"]["team"] = "another"
    lab.note(json.dumps(dict(other, signatures=other["signatures"] + json.loads(lab.sealed(found))["signatures"])))


@case(0)
def _a_note_with_the_line_ends_of_another_system(lab):
    lab.note("somebody's words\r", json.dumps(lab.envelope()) + "\r")


@case(0)
def _names_written_with_escapes(lab):
    text = json.dumps(lab.statement(), sort_keys=True).replace("src/a.py", "src\\u002fa\\u002epy")
    lab.note(lab.sealed(None, payload=text.encode()))


@case(1)
def _a_path_that_begins_here(lab):
    _files(lab, lambda path: "./" + path)


@case(1)
def _a_path_by_way_of_the_folder_above(lab):
    _files(lab, lambda path: "src/../" + path)


@case(1)
def _a_path_with_two_slashes(lab):
    _files(lab, lambda path: path.replace("/", "//"))


@case(1)
def _a_path_with_the_slashes_of_another_system(lab):
    _files(lab, lambda path: path.replace("/", "\\"))


@case(1, "subjects are not those")
def _digests_in_capitals(lab):
    found = lab.statement()
    for row in found["subject"]:
        row["digest"] = {kind: value.upper() for kind, value in row["digest"].items()}
    lab.note(lab.sealed(found))


@case(1)
def _a_blob_in_capitals(lab):
    def bent(predicate):
        for task in predicate["tasks"]:
            for row in task["files"]:
                row["blob"] = row["blob"].upper()

    lab.bend(bent)


@case(1, "its payload is")
def _another_payload_type(lab):
    lab.note(lab.sealed(lab.statement(), kind="application/json"))


@case(1, "subjects are not those")
def _a_subject_more(lab):
    found = lab.statement()
    found["subject"].append({"name": "src/evil.py", "digest": {"gitBlob": "0" * 40}})
    lab.note(lab.sealed(found))


@case(1, "stands there twice")
def _a_key_twice(lab):
    text = json.dumps(lab.statement())
    lab.note(lab.sealed(None, payload=text.replace('"version": 1', '"version": 1, "version": 1').encode()))


@case(1, "not as its schema says")
def _a_field_of_ones_own(lab):
    lab.bend(lambda p: p.update(approved="everything"))


@case(1, "no JSON")
def _a_number_that_is_none(lab):
    lab.bend(lambda p: p["run"].update(closed=float("nan")))


@case(1, "not readable")
def _base64_with_holes(lab):
    found = lab.envelope()
    lab.note(json.dumps(dict(found, payload=found["payload"][:-3] + "!!!")))


@case(1, "no attestation")
def _a_note_that_is_huge(lab):
    lab.note("{" + " " * (9 << 20) + "}", json.dumps(lab.envelope()))


@case(1, "not readable")
def _deeply_nested(lab):
    lab.note('{"payloadType": ' + "[" * 20000 + "]" * 20000 + "}")


# --- what a trusted key would have to lie about consistently -----------------------------------------------------------------------------
@case(1, "another repository")
def _another_repositorys_note(lab):
    lab.bend(lambda p: p["repository"].update(roots=["1" * 40]))


@case(1, "not as its schema says")
def _half_a_run(lab):
    lab.bend(lambda p: p["run"].update(phase="EXECUTION"))


@case(1, "aborted")
def _an_aborted_run(lab):
    lab.bend(lambda p: p["run"].update(aborted=True))


@case(1, "src/a.py")
def _a_task_that_was_not_done(lab):
    lab.bend(lambda p: p["tasks"][0].update(state="IN_REVIEW"))


@case(1, "missing: unified-reviewer")
def _no_approval(lab):
    lab.bend(lambda p: p["tasks"][0].update(approvals=[], required=[]))


@case(1, "missing: unified-reviewer")
def _an_approval_of_another_revision(lab):
    lab.bend(lambda p: p["tasks"][0]["approvals"][0].update(revision="0" * 12))


@case(1, "approves nothing")
def _approved_by_the_coder(lab):
    lab.bend(lambda p: p["tasks"][0]["approvals"][0].update(role="coder"))


@case(1, "missing: logic-reviewer, quality-reviewer, security-reviewer, tech-lead")
def _a_harder_mode_with_the_same_approvals(lab):
    lab.bend(lambda p: p["run"].update(mode="COMPLEX"))


@case(1, "approved outside the run's time")
def _approved_before_the_run(lab):
    lab.bend(lambda p: p["tasks"][0]["approvals"][0].update(at=p["run"]["opened"] - 1))


@case(1, "in the future")
def _closed_in_the_future(lab):
    lab.bend(lambda p: p["run"].update(closed=time.time() + 86400))


@case(1, "closed before it was opened")
def _closed_before_it_was_opened(lab):
    lab.bend(lambda p: p["run"].update(opened=p["run"]["closed"] + 1))


@case(1, "time was turned back")
def _time_turned_back(lab):
    def earlier(p):
        p["run"].update(opened=p["run"]["opened"] - 90000, closed=p["run"]["closed"] - 90000)
        for t in p["tasks"]:
            for a in t["approvals"]:
                a["at"] -= 90000

    lab.bend(earlier)


@case(1, "a task stands there twice")
def _the_same_task_twice(lab):
    lab.bend(lambda p: p["tasks"].append(dict(p["tasks"][0])))


@case(1, "a path stands there twice")
def _a_path_twice(lab):
    lab.bend(lambda p: p["tasks"][0]["files"].append(dict(p["tasks"][0]["files"][0], mode="100755")))


@case(1, "src/evil.py")
def _a_waiver_that_the_matrix_does_not_take(lab):
    lab.write("src/evil.py", "x\n")
    lab.commit()
    blob = lab.git("rev-parse", "HEAD:src/evil.py")
    lab.bend(lambda p: p["waivers"].append({"path": "src/evil.py", "mode": "100644", "blob": blob, "at": p["run"]["closed"]}))


# --- trees and histories that only look like approved ones -------------------------------------------------------------------------------
@case(1, "src/a.py")
def _a_merge_that_keeps_nothing_of_what_was_approved(lab):
    """`-s ours`: against the parent whose side is kept it changes nothing."""
    lab.git("checkout", "-qb", "kept", lab.base())
    lab.git("merge", "-q", "-s", "ours", "-m", "merge main", "main")
    lab.range = "main..kept"


@case(1, "src/a.py")
def _the_same_with_the_parents_the_other_way_round(lab):
    made = lab.git("commit-tree", lab.base() + "^{tree}", "-p", "main", "-p", lab.base(), "-m", "merge")
    lab.range = "main..%s" % made


@case(0)
def _a_branch_that_took_the_others_work_in(lab):
    """What is merged was approved, and nothing of the older branch is lost."""
    lab.git("checkout", "-qb", "older", lab.base())
    lab.write("docs/x.md", "x\n")
    lab.commit()
    lab.git("merge", "-q", "--no-ff", "-m", "merge main", "main")
    lab.range = "older~1..older"


@case(1, "another repository")
def _a_root_of_another_repository_that_the_range_brings_along(lab):
    """Its attestations would count for content that was approved in it, for a purpose of its own."""
    lab.git("checkout", "-q", "--orphan", "ours", lab.base())
    lab.git("commit", "-qm", "our own root")
    lab.git("merge", "-q", "--allow-unrelated-histories", "-X", "theirs", "-m", "merge", "main")
    lab.range = "ours~1..ours"


def _tree_with(lab, *rows):
    """A commit on HEAD whose `src` holds these (mode, blob, name) just as they are."""
    raw = b"".join(b"%s %s\0" % (mode.encode(), name.encode()) + bytes.fromhex(blob) for mode, blob, name in rows)
    with open(os.path.join(lab.home, "raw"), "wb") as f:
        f.write(raw)
    src = lab.git("hash-object", "-t", "tree", "-w", "--literally", f.name)
    top = [r for r in lab.git("ls-tree", "HEAD").split("\n") if not r.endswith("\tsrc")]
    tree = lab.git("mktree", data="\n".join(top + ["040000 tree %s\tsrc" % src]) + "\n")
    lab.range = "BASE.." + lab.git("commit-tree", tree, "-p", "HEAD", "-m", "tree")


@case(1, "stands there twice")
def _a_name_twice_in_a_tree_the_approved_one_last(lab):
    evil = lab.git("hash-object", "-w", "--stdin", data="evil\n")
    good, old = lab.git("rev-parse", "HEAD:src/a.py"), lab.git("rev-parse", "HEAD:src/old.py")
    _tree_with(lab, ("100644", evil, "a.py"), ("100644", good, "a.py"), ("100644", old, "old.py"))


@case(1, "src/a.py")
def _a_name_twice_in_a_tree_the_approved_one_first(lab):
    evil = lab.git("hash-object", "-w", "--stdin", data="evil\n")
    good, old = lab.git("rev-parse", "HEAD:src/a.py"), lab.git("rev-parse", "HEAD:src/old.py")
    _tree_with(lab, ("100644", good, "a.py"), ("100644", evil, "a.py"), ("100644", old, "old.py"))


@case(0)
def _a_mode_that_git_no_longer_writes(lab):
    """It checks the file out as before."""
    good, old = lab.git("rev-parse", "HEAD:src/a.py"), lab.git("rev-parse", "HEAD:src/old.py")
    _tree_with(lab, ("100666", good, "a.py"), ("100644", old, "old.py"))


@case(1, "src/")
def _a_letter_that_only_looks_like_it(lab):
    lab.write("src/\u0430.py", "# task 1\n")
    lab.commit()


@case(1, "src/a.py")
def _one_parent_named_twice(lab):
    lab.write("src/a.py", "evil\n")
    lab.git("add", "-A")
    tree = lab.git("write-tree")
    lab.range = "BASE.." + lab.git("commit-tree", tree, "-p", "HEAD", "-p", "HEAD", "-m", "twice")


@case(1, "src/a.py")
def _a_merge_of_three_that_nobody_made_by_hand(lab):
    for name in ("one", "two"):
        lab.git("checkout", "-qb", name, "main")
        lab.git("commit", "-q", "--allow-empty", "-m", name)
    lab.write("src/a.py", "evil\n")
    lab.git("add", "-A")
    lab.range = "BASE.." + lab.git("commit-tree", lab.git("write-tree"), "-p", "main", "-p", "one", "-p", "two", "-m", "octopus")


@case(1, "SRC/evil.py")
def _another_case_of_a_folder_that_the_matrix_asks_for(lab):
    """On a disk that knows no case it lies in the same folder."""
    with open(os.path.join(lab.home, "matrix.yaml"), "w") as f:
        f.write("default: []\npaths:\n  src/: [unified-reviewer]\n")
    lab.more = ["--require", f.name]
    blob = lab.git("hash-object", "-w", "--stdin", data="evil\n")
    lab.git("update-index", "--add", "--cacheinfo", "100644,%s,SRC/evil.py" % blob)
    lab.git("commit", "-qm", "case")


# --- keys ------------------------------------------------------------------------------------------------------------------------------
def _lines(lab, text):
    with open(lab.key + ".pub") as f:
        public = f.read()
    with open(lab.allowed, "w") as f:
        f.write(text % public)


@case(1, "does not hold")
def _a_key_revoked(lab):
    lab.more = ["--revoked", os.path.join(lab.home, "krl")]
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", lab.more[1], lab.key + ".pub"], check=True)


@case(1, "does not count")
def _a_key_that_was_over_when_the_run_ended(lab):
    _lines(lab, 'me valid-before="20200101" %s')


@case(1, "does not count")
def _a_key_that_was_not_yet_valid(lab):
    _lines(lab, 'me valid-after="20990101" %s')


@case(0)
def _a_key_that_is_over_by_now_but_was_good_then(lab):
    time.sleep(2 - time.time() % 1)  # the run ended in an earlier second
    _lines(lab, 'me valid-before="%s" %%s' % time.strftime("%Y%m%d%H%M%SZ", time.gmtime()))


@case(1, "does not count")
def _a_key_for_another_namespace(lab):
    _lines(lab, 'me namespaces="git" %s')


@case(0)
def _a_key_whose_first_line_is_for_another_purpose(lab):
    """find-principals names the first line with the key, whatever that one is for."""
    _lines(lab, 'me namespaces="git" %s')
    with open(lab.key + ".pub") as public, open(lab.allowed, "a") as f:
        f.write("other " + public.read())


@case(1, "does not count")
def _a_key_with_two_lines_neither_of_which_is_for_this(lab):
    _lines(lab, 'me namespaces="git" %s')
    with open(lab.key + ".pub") as public, open(lab.allowed, "a") as f:
        f.write('other namespaces="file" %s' % public.read())


@case(1, "signed by no key")
def _an_empty_list_of_keys(lab):
    _lines(lab, "# %s")


@case(1, "does not count")
def _a_list_of_keys_that_the_range_brings_along(lab):
    """Signed by a stranger who adds his own key in the range: the list is the one that was named, not the one in the tree."""
    lab.write("allowed", "me " + lab.read(lab.stranger + ".pub"))
    lab.commit()
    lab.note(lab.sealed(lab.statement(), lab.stranger))


@case(2, "no trusted keys")
def _no_list_of_keys_at_all(lab):
    lab.allowed = ""


@case(2, "does not exist")
def _a_list_of_keys_that_is_gone(lab):
    lab.allowed += "-gone"


# --- questions that cannot be answered ---------------------------------------------------------------------------------------------------
@case(2, "git knows no range")
def _a_range_of_nothing(lab):
    lab.range = "nosuch..HEAD"


@case(2, "is no range")
def _an_option_instead_of_a_range(lab):
    lab.range = "HEAD --max-count=0"


@case(2, "is no range")
def _a_symmetric_range(lab):
    lab.range = "BASE...HEAD"


@pytest.mark.parametrize("forge, expected, says", CASES)
def test_forgery(lab, forge, expected, says):
    forge(lab)
    if lab.allowed == "":
        code, out = lab.pack("verify", "HEAD~1..HEAD")
    else:
        code, out = lab.verify(getattr(lab, "range", "BASE..HEAD"), *getattr(lab, "more", []), cwd=getattr(lab, "clone", None))
    assert code == expected, out
    assert says in out, out


def test_there_are_forty_kinds():
    assert len([c for c in CASES if c.values[1] == 1]) >= 40
