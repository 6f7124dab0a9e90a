#include "study/page/style.hpp"

#include <string>

namespace study {

namespace {

// Every text is at least 4.5 times as bright as what it stands on, or the other way round (WCAG 2.2, AA); lines and
// marks 3 times. s0 to s7 are series; c0 to c8 cells, from high to low, and t0 to t8 the texts in them.
constexpr const char* colours = R"(:root {
  color-scheme: light dark;
  --paper: #fdfdfb; --ink: #1c1e21; --soft: #565c64; --rule: #d9dad6; --panel: #f4f4f0; --link: #0b57a4;
  --good: #0a5c36; --good-paper: #e2f3e9; --mixed: #704500; --mixed-paper: #fcefd2;
  --bad: #961b1b; --bad-paper: #fce6e5; --none: #4b5563; --none-paper: #eceef1;
  --s0: #0b62a4; --s1: #c2410c; --s2: #0f766e; --s3: #9d2f7f; --s4: #7a6000; --s5: #4b5563; --s6: #5b4bc4;
  --s7: #b91c1c; --best: #d9480f;
  --c0: #f8f3cf; --c1: #e3eec0; --c2: #c1e0bc; --c3: #94cfc0; --c4: #67bac4; --c5: #459fc4; --c6: #2a6fa8;
  --c7: #264d92; --c8: #16285f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --ink: #e4e6e8; --soft: #a3abb4; --rule: #363c43; --panel: #1d2125; --link: #8ac0ff;
    --good: #8fe3b4; --good-paper: #12301f; --mixed: #f3cf7a; --mixed-paper: #352a10;
    --bad: #ffb3ab; --bad-paper: #3d1715; --none: #b6bec9; --none-paper: #262b31;
    --s0: #6cb6ff; --s1: #ff9e64; --s2: #4fd1b5; --s3: #f08fd0; --s4: #e0c04a; --s5: #b6bec9; --s6: #a99cff;
    --s7: #ff8080; --best: #ff8a4c;
    --c0: #dcd6ae; --c1: #c8d5a4; --c2: #a9c9a3; --c3: #82bcac; --c4: #5baab4; --c5: #4494b8; --c6: #2a6fa8;
    --c7: #264d92; --c8: #1b2f70;
  }
}
)";

constexpr const char* drawings = R"(svg text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .label { fill: var(--soft); }
svg .title { font-weight: 600; }
svg .axis { stroke: var(--soft); fill: none; }
svg .grid { stroke: var(--rule); fill: none; }
svg .level { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 1 3; stroke-linecap: round; fill: none; }
svg .level-name { stroke: var(--paper); stroke-width: 3.5px; stroke-linejoin: round; }
svg .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
svg .bar { fill: none; stroke-width: 1.2; }
svg .mark { stroke: var(--paper); stroke-width: .8; }
svg .open { fill: none; stroke-width: 1.8; }
svg .none { stroke: var(--rule); }
svg .hatch { stroke: var(--rule); stroke-width: 2.5; }
svg .best { fill: none; stroke: var(--best); stroke-width: 2.6; }
svg .star { fill: var(--best); stroke: var(--paper); stroke-width: 1.4; }
svg .cn { fill: var(--none-paper); }
svg .tn { fill: var(--none); }
)";

/// The classes of series and cells.
std::string numbered() {
  std::string out;
  for (int i = 0; i < 8; ++i) {
    const std::string s = "s" + std::to_string(i), colour = "var(--" + s + ")";
    out += "svg .line." + s + ", svg .bar." + s + ", svg .open." + s + " { stroke: " + colour + "; } svg .mark." + s +
           " { fill: " + colour + "; }\n";
  }
  for (int i = 0; i < 9; ++i) {
    const std::string n = std::to_string(i);
    out += "svg .c" + n + " { fill: var(--c" + n + "); } svg .t" + n + " { fill: " + (i < 6 ? "#0b0d10" : "#fff") +
           "; }\n";
  }
  return out;
}

constexpr const char* text = R"(*, *::before, *::after { box-sizing: border-box; }
html { font: 112.5%/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; }
main, header, footer { max-width: 70ch; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: clamp(1.6rem, 5vw, 2.3rem); line-height: 1.2; margin: 2.2rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .8rem; text-wrap: pretty; }
.part { font-size: 1.6rem; margin: 4rem 0 0; }
p { margin: 0 0 .9rem; overflow-wrap: break-word; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code { font: .88em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; background: var(--panel);
  padding: .08em .3em; border-radius: .25em; overflow-wrap: anywhere; }
.answer { font-size: 1.08rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem 1rem; z-index: 3; }
)";

constexpr const char* contents = R"(.contents { position: sticky; top: 0; z-index: 2; background: var(--paper);
  border-bottom: 1px solid var(--rule); }
.contents ul { display: flex; gap: .3rem; list-style: none; margin: 0 auto; padding: .35rem .5rem; overflow-x: auto;
  width: fit-content; max-width: 100%; scrollbar-width: thin; }
.contents a { display: flex; align-items: center; gap: .25rem; min-height: 2.3rem; min-width: 2.4rem; padding: 0 .45rem;
  justify-content: center; border-radius: .4rem; text-decoration: none; white-space: nowrap; font-size: .8rem;
  font-variant-numeric: tabular-nums; }
.contents a:not([class]) { color: var(--ink); background: var(--panel); }
.contents a:hover { text-decoration: underline; }
[id] { scroll-margin-top: 4rem; }
.verdict { border-left: 4px solid; padding: .8rem 1rem .1rem; margin: 0 0 1.4rem; border-radius: 0 .4rem .4rem 0; }
.verdict p { color: var(--ink); }
.verdict p.rule { font-size: .9rem; }
.badge { font-weight: 650; white-space: nowrap; }
.verdict p.badge { color: inherit; margin-bottom: .4rem; white-space: normal; }
.supported { color: var(--good); background: var(--good-paper); }
.conditional { color: var(--mixed); background: var(--mixed-paper); }
.not-supported { color: var(--bad); background: var(--bad-paper); }
.not-measured { color: var(--none); background: var(--none-paper); }
td .badge { display: inline-block; padding: .1rem .5rem; border-radius: .3rem; font-size: .85rem; }
.number { color: var(--soft); font-weight: 400; margin-right: .35em; font-variant-numeric: tabular-nums; }
main > section { margin: 3.2rem 0; padding-top: 1.6rem; border-top: 1px solid var(--rule); }
main > .part + section { margin-top: 1rem; border-top: 0; padding-top: 0; }
main > #answer { margin-top: 0; border-top: 0; }
.back { font-size: .85rem; }
)";

constexpr const char* figures = R"(figure { margin: 1.8rem 0; }
figure.wide { width: min(100vw - 1rem, 1100px); margin-left: 50%; transform: translateX(-50%); }
.wide figcaption, .wide .figure-title { max-width: 70ch; margin-left: auto; margin-right: auto; padding: 0 1rem; }
.figure-title { margin: 0 0 .4rem; }
.scroll { overflow-x: auto; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.wide svg { margin: 0 auto; }
figcaption { line-height: 1.5; margin: .6rem 0 0; }
figcaption > * { font-size: .9rem; margin-bottom: .5rem; }
.table figcaption { margin: 0 0 .4rem; }
.from, figcaption > .from { font-size: .78rem; line-height: 1.5; color: var(--soft); }
.table .from { margin-top: .5rem; }
.command span { display: inline-block; max-width: 100%; }
.picture img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; }
.picture.wide img { margin: 0 auto; }
.missing { border: 1px dashed var(--soft); color: var(--soft); padding: 1rem; }
details { margin: 0 0 .5rem; }
summary { cursor: pointer; color: var(--link); min-height: 1.6rem; }
table { border-collapse: collapse; font-size: .88rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--rule); }
thead th { border-bottom: 2px solid var(--soft); vertical-align: bottom; }
tbody th { font-weight: 500; }
.value { text-align: right; }
td.value { white-space: nowrap; }
tbody th { min-width: 7rem; }
.verdicts { width: 100%; }
.verdicts tbody th { width: 60%; min-width: 0; }
.verdicts a { display: flex; text-decoration: none; }
.verdicts a:hover { text-decoration: underline; }
.verdicts .number { min-width: 1.6em; }
.verdicts .because { color: var(--soft); font-size: .82rem; }
.run th { white-space: nowrap; }
footer { font-size: .85rem; color: var(--soft); padding-bottom: 3rem; }
)";

constexpr const char* media = R"(@media screen and (min-width: 760px) { svg.chart text { font-size: 10px; } }
@media (max-width: 479px) {
  html { font-size: 100%; }
  .column .scroll { margin: 0 -.5rem; }
  .verdicts thead { display: none; }
  .verdicts tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--rule); }
  .verdicts tbody th, .verdicts td { display: block; border: 0; padding: .1rem 0; width: auto; }
  .verdicts td { padding-left: 2.1em; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #444; --link: #000; }
  html { font-size: 10pt; }
  .contents, .back, .skip { display: none; }
  figure, .verdict, tr { break-inside: avoid; }
  h2, .figure-title { break-after: avoid; }
  figure.wide { width: 100%; margin-left: 0; transform: none; }
  .scroll { overflow: visible; }
  svg.chart text { font-size: 10px; }
  svg { min-width: 0 !important; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)";

}  // namespace

std::string page_style() { return std::string(colours) + text + contents + figures + drawings + numbered() + media; }

std::string svg_file_style() {
  return std::string(colours) + drawings + numbered() + "svg .paper { fill: var(--paper); }\n";
}

}  // namespace study
