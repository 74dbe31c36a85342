"""The style sheet of reports."""

CSS = """\
:root { --ink: #1d2733; --muted: #5f6c7b; --line: #dde3ea; --soft: #f5f7fa; --blue: #1f5fa8;
  --amber: #8a5a00; --amber-soft: #fff6e0; --green: #256b43; --green-soft: #e7f5ec;
  --red: #9c2f2f; --red-soft: #fdecea; }
* { box-sizing: border-box; }
html { background: #eef1f5; }
body { margin: 0 auto; max-width: 940px; padding: 40px 56px 64px; background: white;
  color: var(--ink); font: 15px/1.55 Inter, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 40px 0 12px; padding-top: 18px; border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 22px 0 8px; }
p { margin: 0 0 10px; }
.sub { color: var(--muted); margin-bottom: 20px; }
.cards { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0 8px; }
.card { flex: 1 1 150px; padding: 12px 16px; background: var(--soft); border-radius: 8px; }
.card b { display: block; font-size: 25px; line-height: 1.2; font-weight: 650;
  font-variant-numeric: tabular-nums; }
.card small { color: var(--muted); font-size: 13px; display: block; }
.card.met { background: var(--green-soft); } .card.met b { color: var(--green); }
.card.not-met { background: var(--red-soft); } .card.not-met b { color: var(--red); }
.card.undecided { background: var(--amber-soft); } .card.undecided b { color: var(--amber); }
ul.said { list-style: none; margin: 0; padding: 0; }
ul.said li { padding: 9px 14px; margin: 6px 0; border-left: 4px solid var(--blue);
  background: var(--soft); border-radius: 0 6px 6px 0; }
ul.said li.warning { border-color: #d99100; background: var(--amber-soft); }
ul.said li.estimand { border-color: var(--muted); }
ul.unchecked { margin: 0; padding-left: 20px; color: var(--muted); }
ul.unchecked li { margin: 4px 0; }
.pair { display: flex; flex-wrap: wrap; gap: 16px 24px; }
figure { margin: 12px 0 16px; flex: 1 1 380px; min-width: 0; }
figure svg, figure img { max-width: 100%; height: auto; display: block; }
figcaption { font-size: 13px; color: var(--muted); margin-top: 2px; }
figcaption b { color: var(--ink); display: block; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; margin: 6px 0 12px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--muted); border-bottom: 1.5px solid var(--ink);
  padding: 5px 10px 5px 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: 5px 10px 5px 0; vertical-align: top; }
td.n, th.n { text-align: right; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 14px; }
 td.n { white-space: nowrap; }
td.met { color: var(--green); font-weight: 600; }
td.not-met { color: var(--red); font-weight: 600; }
td.undecided { color: var(--amber); font-weight: 600; }
details { margin: 10px 0; } summary { cursor: pointer; color: var(--blue); font-weight: 600; }
pre { white-space: pre-wrap; background: var(--soft); padding: 12px; border-radius: 6px;
  font-size: 12.5px; }
footer { margin-top: 40px; color: var(--muted); font-size: 13px; }
@media (max-width: 640px) { body { padding: 24px 18px; } }
@media print { html { background: white; } body { max-width: none; padding: 0; }
  h2, figure, tr { break-inside: avoid; } }
"""
