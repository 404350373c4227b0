#!/bin/sh
# git 2.39.5: the hook reference-transaction, which is said to be run by any reference update, as the source of a log of branches. (1) `git branch -m b c` is
# told as the deletion of b alone; that c was made is not. `git branch -c c d` and a switch of HEAD to another branch are not told at all, and `git remote
# rename` tells the deletion of the old tracking branches and not the new ones. (2) `git pack-refs` (each git gc) is told as a deletion of every branch that it
# packs, "<its commit> 0000... refs/heads/main", though nothing changes. (3) `git branch -D` is told twice, without the old commit. So a ledger that believes the
# hook loses branches that are there and buries those that live; the state has to be read from the references. Seen: rename "refs/heads/b gone", copy and switch
# nothing, pack-refs "refs/heads/main gone" with the branch still there, -D two lines with 0000 for both ids. A good guess was one line, old and new, for each
# change. Nothing but git is used; everything is in a temporary folder. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export told="$work/told"
git --version
git init -q work
cd work
git checkout -q -b main
git -c user.name=n -c user.email=n@example.invalid commit -q --allow-empty -m first
cat >.git/hooks/reference-transaction <<'END'
#!/bin/sh
[ "$1" != committed ] || cat >>"$told"
END
chmod +x .git/hooks/reference-transaction
after() { # after COMMAND...: what the hook was told, as "new NAME", "gone NAME" or "nothing-to-nothing NAME"
  : >"$told"
  "$@" >/dev/null 2>&1
  awk '{ o = $1 ~ /^0+$/; n = $2 ~ /^0+$/; print (o && n ? "nothing-to-nothing" : n ? "gone" : "new"), $3 }' "$told" | sort | tr '\n' ','
}
made=$(after git branch b)
renamed=$(after git branch -m b c)
copied=$(after git branch -c c d)
switched=$(after git checkout -q c)
deleted=$(after git branch -D d)
packed=$(after git pack-refs --all)
main=$(git rev-parse -q --verify refs/heads/main >/dev/null && echo there)
echo "branch b: $made branch -m b c: $renamed branch -c: [$copied] checkout: [$switched] branch -D d: $deleted pack-refs: $packed main is $main"
[ "$made" = 'new refs/heads/b,' ] && [ "$renamed" = 'gone refs/heads/b,' ] && [ -z "$copied$switched" ] || { echo changed; exit 1; }
[ "$deleted" = 'nothing-to-nothing refs/heads/d,nothing-to-nothing refs/heads/d,' ] || { echo changed; exit 1; }
[ "$packed" = 'gone refs/heads/c,gone refs/heads/main,new refs/heads/c,new refs/heads/main,' ] && [ "$main" = there ] || { echo changed; exit 1; }
