"""The page's own style and script: no font, picture or code comes from anywhere else."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{--bg:#f4f6f9;--card:#fff;--ink:#15202e;--muted:#5a6778;--line:#e2e7ee;--soft:#eef2f7;
--accent:#2457c5;--gain:#0a766b;--loss:#b23c0c;--warn:#8a5a00;--warnbg:#fff7e6;--warnline:#e9b949;
color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--bg:#0e131a;--card:#161d27;--ink:#e8edf3;--muted:#97a5b7;
--line:#283342;--soft:#1d2632;--accent:#82aaff;--gain:#41cdbb;--loss:#ff9a66;--warn:#f2bf63;
--warnbg:#241d10;--warnline:#7d5d1c}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.5 system-ui,-apple-system,
"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1280px;margin:0 auto;padding:32px 24px 48px}
h1,h2,h3,p,ul,dl,dd{margin:0;padding:0}
h1{font-size:26px;line-height:1.25;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:17px;letter-spacing:-.005em}
h3{font-size:14px;margin-bottom:10px}
.brand{font-size:12px;font-weight:600;letter-spacing:.08em;text-transform:uppercase;color:var(--accent)}
.quiet{color:var(--muted)}
.gain{color:var(--gain)}.loss{color:var(--loss)}
.hide{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.facts{display:flex;flex-wrap:wrap;gap:8px 32px;margin:16px 0 24px}
.facts dt{font-size:12px;color:var(--muted)}
.facts dd{font-weight:600;overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px;
margin-top:16px;min-width:0}
.card>h2{margin-bottom:4px}
.card>.quiet{margin-bottom:10px}
.tiles{display:grid;gap:12px;grid-template-columns:repeat(6,1fr)}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;
padding:14px 16px;min-width:0}
.tile h2{font-size:12px;font-weight:500;letter-spacing:0;color:var(--muted)}
.tile b{display:block;font-size:20px;line-height:1.35;letter-spacing:-.01em;overflow-wrap:anywhere}
.tile small{font-size:12px;color:var(--muted)}
.hero{grid-column:span 3;padding:16px 20px}
.hero b{font-size:34px;line-height:1.3;letter-spacing:-.02em}
.fill-quality{display:grid;grid-template-columns:1.5fr 1fr;
gap:16px 40px;border-left:4px solid var(--accent)}
.fill_quality.doubt{background:var(--warnbg);border-color:var(--warnline)}
.fill-quality h2{margin-bottom:6px}
.fill-quality .says p+p{margin-top:6px}
.fill-quality .says ul{margin:8px 0 0 18px}
.fill_quality.doubt strong{color:var(--warn)}
.checks{grid-column:1/-1;list-style:none;display:grid;grid-template-columns:repeat(6,1fr);gap:10px;
border-top:1px solid var(--line);padding-top:14px}
.fill_quality.doubt .checks{border-color:var(--warnline)}
.checks li{display:flex;flex-direction:column;line-height:1.35}
.checks b{font-size:18px}.checks small{color:var(--muted);font-size:12px}
.checks .none b{color:var(--muted);font-weight:500}
.pair{display:grid;grid-template-columns:1fr auto;gap:2px 12px;margin-bottom:8px}
.pair i{grid-column:1/-1;display:block;height:6px;min-width:2px;
border-radius:3px;background:currentColor}
.chart{display:block;width:100%;height:auto;overflow:visible}
.chart .grid{stroke:var(--line)}.chart .zero{stroke:var(--muted);stroke-dasharray:3 3}
.chart .night{stroke:var(--line);stroke-dasharray:2 3}
.chart .tick{font-size:11px;fill:var(--muted)}
.chart polyline{fill:none;stroke-linejoin:round}
.chart .line{stroke:var(--accent);stroke-width:2}
.chart .area{fill:var(--accent);opacity:.1}
.chart .booked{stroke:var(--muted);stroke-width:1.25;stroke-dasharray:4 3}
.chart .end{fill:var(--accent);stroke:var(--card);stroke-width:2}
.chart .down{fill:var(--loss);opacity:.16}.chart .downline{stroke:var(--loss);stroke-width:1.5}
.chart .price{stroke:var(--muted);stroke-width:1.25}
.chart .trade{stroke-width:1.5;stroke-dasharray:5 3}
.chart .trade.won{stroke:var(--gain)}.chart .trade.lost{stroke:var(--loss)}
.chart .mark{stroke:var(--card);stroke-width:1}
.chart .mark.entry{fill:var(--accent)}.chart .mark.won{fill:var(--gain)}
.chart .mark.lost{fill:var(--loss)}
.chart .cross[hidden]{display:none}
.chart .cross{stroke:var(--ink);stroke-opacity:.45}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;
color:var(--muted);font-size:12px;margin-bottom:6px}
.legend i{display:inline-block;width:14px;height:0;border-top:2px solid;
vertical-align:middle;margin-right:6px}
.legend .dash{border-top-style:dashed}.legend .accent{color:var(--accent)}
.legend .mute{color:var(--muted)}
.priced{display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 20px;align-items:baseline}
.priced h3{margin:14px 0 2px;font-size:15px}
#tip{position:fixed;z-index:9;pointer-events:none;background:var(--ink);
color:var(--bg);padding:4px 9px;
border-radius:6px;font-size:12px;white-space:nowrap}
.scroll{overflow:auto;max-height:640px;margin:0 -20px -8px;padding:0 20px}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{padding:6px;text-align:left;white-space:nowrap;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{padding-left:0}th:last-child,td:last-child{padding-right:0}
tbody tr:last-child td{border-bottom:0}
#trades td:last-child{white-space:normal;min-width:100px}
th{font-size:12px;font-weight:600;color:var(--muted)}
thead th{position:sticky;top:0;background:var(--card);box-shadow:inset 0 -1px var(--line)}
.sortable tbody tr:hover{background:var(--soft)}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
th[aria-sort] button{color:var(--ink)}
th[aria-sort=ascending] button::after{content:" \\25B2"}
th[aria-sort=descending] button::after{content:" \\25BC"}
.n{text-align:right}
.tag{font-size:11px;border:1px solid var(--line);border-radius:4px;padding:0 5px;color:var(--muted)}
.tag.warn{color:var(--warn);border-color:var(--warnline)}
.titled{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;
gap:8px;margin-bottom:8px}
.titled input{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);
border-radius:8px;
padding:5px 10px;width:220px}
.three,.two{display:grid;gap:0 16px;grid-template-columns:repeat(2,1fr);align-items:start}
.three>:first-child{grid-column:1/-1}
.two{grid-template-columns:repeat(3,1fr)}
.groups td:first-child{max-width:280px;overflow:hidden;text-overflow:ellipsis}
.bar{width:22%;min-width:72px}.bar span{position:relative;display:block;height:10px;
background:linear-gradient(var(--line),var(--line)) center/1px 100% no-repeat}
.bar i{position:absolute;top:0;height:10px;border-radius:2px;background:currentColor}
.empty{text-align:center;padding:44px 20px}
.empty p{color:var(--muted)}
footer{margin-top:24px;font-size:12px;color:var(--muted)}
@media (max-width:900px){.tiles{grid-template-columns:repeat(2,1fr)}.hero{grid-column:1/-1}
.fill-quality,.three,.two{grid-template-columns:minmax(0,1fr)}.checks{grid-template-columns:repeat(2,1fr)}
main{padding:20px 12px}.three>:first-child{grid-column:auto}.card{overflow-x:auto}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--muted:#444;--line:#ccc;--accent:#1c47a3;
--gain:#0a665c;--loss:#963208;--warnbg:#fff;color-scheme:light}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}.card,.tile{break-inside:avoid}.card.long{break-inside:auto}
.scroll{max-height:none;overflow:visible}thead th{position:static}tr{break-inside:avoid}
.titled input,#tip{display:none}table{font-size:10px}th,td{padding:3px 5px}}
"""

SCRIPT: Final = """
"use strict";
(() => {
const money = new Intl.NumberFormat("en-IN", {minimumFractionDigits: 2, maximumFractionDigits: 2});
const tip = document.createElement("div");
tip.id = "tip"; tip.hidden = true; document.body.append(tip);
const ist = s => new Date((s + 19800) * 1000).toISOString().slice(0, 19).replace("T", " ");
for (const chart of document.querySelectorAll("svg[data-points]")) {
  const cross = chart.querySelector(".cross");
  let points = null;
  const read = () => {
    let t = 0, v = 0;
    return JSON.parse(chart.dataset.points).map(([x, y, dt, dv]) => [x, y, t += dt, v += dv]);
  };
  chart.addEventListener("pointermove", event => {
    points = points || read();
    if (!points.length) return;
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) * chart.viewBox.baseVal.width / box.width;
    let low = 0, high = points.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (points[mid][0] <= x) low = mid; else high = mid - 1;
    }
    const [px, , t, v] = points[low];
    cross.removeAttribute("hidden"); cross.setAttribute("x1", px); cross.setAttribute("x2", px);
    tip.textContent = ist(t) + "   " + money.format(v / 100);
    tip.hidden = false;
    const left = event.clientX + 14;
    tip.style.left = Math.min(left, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = event.clientY + 16 + "px";
  });
  chart.addEventListener("pointerleave", () => {
    tip.hidden = true;
    cross.setAttribute("hidden", "");
  });
}
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const key = (row, at) => {
    const cell = row.cells[at];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  };
  heads.forEach((head, at) => head.firstElementChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach(each => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].map(row => [key(row, at), row]);
    rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
  }));
  const filter = document.querySelector("#filter");
  if (filter) {
    filter.hidden = false;
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }
}
})();
"""
