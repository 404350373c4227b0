#!/bin/sh
# Prometheus 2.42.0 (Debian 12), `promtool test rules`: a test that an alert does *not* fire (exp_alerts: []) passes where no alert of that name exists. One
# letter in alertname is enough, or a rule_files pattern that matches nothing, which is a warning on standard error and exit code 0, so that renaming a file of rules turns
# all such tests into tests of nothing. The tool is strict elsewhere: an unknown key in the same file is an error, and the same misspelt name with an alert expected
# fails, though with "got:[]", not with "no such rule". Seen for a series that makes High fire: High expected silent: exit 1; Hihg expected silent: exit 0 SUCCESS; High
# expected silent with rule_files that match nothing: exit 0 and a warning; a misspelt key: exit 1. A good guess was an error for a name that no rule has. Uses the
# machine's promtool in a temporary folder, which it removes. Exits 0 while that is so.
set -eu
command -v promtool >/dev/null || { echo 'needs promtool'; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
promtool --version 2>&1 | head -1
printf 'groups:\n- name: g\n  rules:\n  - alert: High\n    expr: hits > 3\n' >rules.yml
try() {
  name=$1
  cat >"$name.yml" <<END
rule_files: [$2]
tests:
- interval: 1m
  input_series: [{series: hits, values: 9 9 9 9}]
  $3:
  - {eval_time: 2m, alertname: $4, exp_alerts: $5}
END
  code=0
  timeout 60 promtool test rules "$name.yml" >"$name.out" 2>&1 || code=$?
  echo "$name: exit $code, $(tr -s '\n ' ' ' <"$name.out" | cut -c1-150)"
  [ "$code" = "$6" ] || { echo changed; exit 1; }
}
try silent rules.yml alert_rule_test High '[]' 1
try misspelt rules.yml alert_rule_test Hihg '[]' 0
try no-rules 'other/*.yml' alert_rule_test High '[]' 0
try misspelt-and-expected rules.yml alert_rule_test Hihg '[{exp_labels: {}}]' 1
try misspelt-key rules.yml alert_rule_tset High '[]' 1
grep -q WARNING no-rules.out && ! grep -q WARNING misspelt.out || { echo changed; exit 1; }
