# Reads the text format of Prometheus on standard input, strictly, and prints its
# series; or, with files of rules and dashboards, checks that each metric that they
# name is there.  What is wrong is said, and ends with status 1.
#
#   promtext.py [RULES.yml | DASHBOARD.json ...] <METRICS
import json
import re
import sys

wrong = []
series = {}
kinds = {}
helped = set()
closed = set()
last = None
NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
text = sys.stdin.read()
if not text.endswith('\n'):
    wrong.append('the last line has no end')
for n, line in enumerate(text.splitlines(), 1):
    m = re.fullmatch(r'# (HELP|TYPE) (%s) (.+)' % NAME, line)
    if m:
        name = m[2]
        if m[1] == 'HELP':
            if name in helped:
                wrong.append('%d: %s has two HELP lines' % (n, name))
            helped.add(name)
        else:
            if name in kinds or name not in helped:
                wrong.append('%d: %s: TYPE twice, or without HELP' % (n, name))
            kinds[name] = m[3]
        continue
    m = re.fullmatch(r'(%s)(?:\{(%s(?:,%s)*)\})? (-?[0-9]+(?:\.[0-9]+)?)' % (NAME, LABEL, LABEL), line)
    if not m:
        wrong.append('%d: is no sample: %s' % (n, line))
        continue
    name = m[1]
    if name not in kinds:
        wrong.append('%d: %s has no TYPE' % (n, name))
    if name != last and name in closed:
        wrong.append('%d: the lines of %s are not together' % (n, name))
    closed.add(name)
    last = name
    labels = re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)="', m[2] or '')
    if len(set(labels)) < len(labels) or (name, m[2]) in series:
        wrong.append('%d: a label or a series is there twice: %s' % (n, line))
    if 'task_id' in labels or 'id' in labels:
        wrong.append('%d: a label that grows with the tasks: %s' % (n, line))
    if not name.startswith('genhook_'):
        wrong.append('%d: %s has no prefix' % (n, name))
    if (kinds.get(name) == 'counter') != name.endswith('_total'):
        wrong.append('%d: %s: a counter ends in _total, and nothing else does' % (n, name))
    if re.search(r'(millisecond|minute|hour|kilobyte|megabyte|_ms_|_kb_)', name):
        wrong.append('%d: %s: seconds and bytes are the units' % (n, name))
    series[(name, m[2])] = float(m[3])

names = {name for name, _ in series}
for path in sys.argv[1:]:
    data = open(path).read()
    if path.endswith('.json'):
        board = json.loads(data)
        ids = [p['id'] for p in board['panels']]
        if len(set(ids)) < len(ids):
            wrong.append('%s: two panels have one id' % path)
        expressions = [t['expr'] for p in board['panels'] for t in p['targets']]
    else:
        expressions = re.findall(r'expr: (.*)', data)
    if len(expressions) < 5:
        wrong.append('%s: has %d expressions' % (path, len(expressions)))
    for e in expressions:
        found = re.findall(r'genhook_[a-z_]+', e)
        if not found:
            wrong.append('%s: no metric in: %s' % (path, e))
        for name in found:
            if name not in names:
                wrong.append('%s: there is no %s' % (path, name))
for w in wrong:
    print(w, file=sys.stderr)
for (name, labels), value in sorted(series.items(), key=str):
    print('%s{%s} %s' % (name, labels or '', value))
sys.exit(1 if wrong else 0)
