/**
 * How the page looks. Without a font, a picture or a script from anywhere; light, dark and on paper. Colours are
 * variables, of which the dark ones replace the light ones; text on its ground has 4.5 to 1 at least (WCAG 2.2, 1.4.3).
 */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f6f6f4;--card:#fff;--ink:#1b1e22;--soft:#5a6068;--line:#e1e2df;--well:#f1f2ef;
--fail:#b3211b;--warn:#8a5300;--error:#7a2f95;--pass:#1c6b3f;--info:#24588a;--skip:#6b7178;
--fail-ground:#fdf0ee;--warn-ground:#fdf5e4;--error-ground:#f8eefb;--pass-ground:#edf6f0;
--bar:#3f6ea3;--bar-2:#9db9d8;--bar-3:#b9bec5;--on:#fff}
@media (prefers-color-scheme:dark){:root{--ground:#121416;--card:#1a1d21;--ink:#e8eaed;--soft:#a2a9b2;--line:#2d3238;--well:#22262b;
--fail:#ff8d84;--warn:#efb75b;--error:#d9a3f0;--pass:#7ed09c;--info:#8abef0;--skip:#9aa1aa;
--fail-ground:#2c1917;--warn-ground:#292013;--error-ground:#251a2b;--pass-ground:#15241b;
--bar:#7ea9dc;--bar-2:#48668a;--bar-3:#545b64;--on:#14171a}}
*{box-sizing:border-box}
html{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--ground);color:var(--ink);font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:68rem;margin:0 auto;padding:1.75rem 1.25rem 3rem}
h1,h2,h3,p,ul,ol,dl,dd,figure,pre{margin:0;padding:0}
h2{font-size:1rem;font-weight:650}
h3{font-size:1rem;font-weight:650;display:flex;align-items:center;gap:.55rem}
a{color:inherit;text-decoration-color:var(--skip);text-underline-offset:.18em}
a:hover{text-decoration-color:currentColor}
:focus-visible{outline:2px solid var(--info);outline-offset:2px;border-radius:3px}
:target{scroll-margin-top:1rem}
code,pre{font:.87em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
.aside,.counts,.about,.source{color:var(--soft)}
.heard{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.mark{flex:none;width:1.05em;height:1.05em;fill:currentColor;position:relative;top:.13em}
.mark .ink{fill:none;stroke:var(--on);stroke-width:2.1;stroke-linecap:round;stroke-linejoin:round}
.mark .hollow{fill:none;stroke:currentColor;stroke-width:2}
h3 .mark,.level .mark,.tile .mark,summary .mark{top:0}
.mark.fail{color:var(--fail)}.mark.warn{color:var(--warn)}.mark.error{color:var(--error)}.mark.pass{color:var(--pass)}.mark.info{color:var(--info)}.mark.skip{color:var(--skip)}

.machine{display:grid;grid-template-columns:1fr auto;gap:0 2rem;margin-bottom:.9rem;font-size:.84rem}
.machine .host{grid-column:1/-1;font-size:1.4rem;line-height:1.35;font-weight:650;letter-spacing:-.012em}
.machine .when{text-align:right;align-self:end}

.top{display:grid;grid-template-columns:minmax(0,1.62fr) minmax(0,1fr);gap:1rem;align-items:start}
.side{display:grid;gap:1rem}
.side:only-child{grid-column:1/-1;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr))}
.verdict,.first,.worth,.restore,.group,.runs{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.15rem 1.3rem}
.verdict{grid-column:1/-1;padding:1.5rem 1.6rem 1.35rem 1.9rem;margin-bottom:1rem;box-shadow:inset 8px 0 var(--skip)}
.verdict.fail{box-shadow:inset 8px 0 var(--fail);background:var(--fail-ground)}
.verdict.warn{box-shadow:inset 8px 0 var(--warn);background:var(--warn-ground)}
.verdict.error{box-shadow:inset 8px 0 var(--error);background:var(--error-ground)}
.verdict.pass{box-shadow:inset 8px 0 var(--pass);background:var(--pass-ground)}
.verdict h1{display:flex;align-items:center;gap:.8rem;font-size:2.7rem;line-height:1.1;font-weight:700;letter-spacing:-.022em}
.verdict h1 .mark{width:.92em;height:.92em;top:0}
.verdict.fail h1 span{color:var(--fail)}.verdict.warn h1 span{color:var(--warn)}.verdict.error h1 span{color:var(--error)}.verdict.pass h1 span{color:var(--pass)}
.verdict .meaning{font-size:1.13rem;margin-top:.55rem}
.verdict .counts{margin-top:.1rem}
.tiles{list-style:none;display:flex;flex-wrap:wrap;gap:.4rem;margin-top:1.05rem}
.tile{display:flex;align-items:center;gap:.45rem;padding:.24rem .65rem .24rem .5rem;border:1px solid var(--line);border-radius:99px;background:var(--card);text-decoration:none;font-size:.87rem}
.tile:hover{border-color:var(--skip)}
.tile b{font-weight:650}
.tile.fail b{color:var(--fail)}.tile.warn b{color:var(--warn)}.tile.error b{color:var(--error)}

.first{box-shadow:inset 0 4px var(--skip);padding-top:1.3rem}
.first.fail{box-shadow:inset 0 4px var(--fail)}.first.warn{box-shadow:inset 0 4px var(--warn)}.first.error{box-shadow:inset 0 4px var(--error)}
.first h2{font-size:.87rem;text-transform:uppercase;letter-spacing:.06em}
.first.fail h2{color:var(--fail)}.first.warn h2{color:var(--warn)}.first.error h2{color:var(--error)}
.first .what{font-size:1.2rem;line-height:1.4;font-weight:600;margin:.3rem 0 .65rem}
.first .aside{margin-top:.75rem}
.first .more{margin-top:.55rem;font-size:.87rem}
.first h3{margin-top:1.15rem;padding-top:.9rem;border-top:1px solid var(--line)}
.first ol{padding-left:1.55rem;margin-top:.35rem}
.first ol::marker,.first li::marker{color:var(--soft)}
.first li{margin-top:.3rem;padding-left:.2rem}
.first li .mark,.plain .mark{margin-right:.4rem;display:inline-block;vertical-align:baseline}
.first li a,.plain a{text-decoration:none}
.first li a:hover,.plain a:hover{text-decoration:underline}
.plain{list-style:none;margin-top:.5rem}
.plain li{margin-top:.3rem;font-size:.93rem}

.level{font-size:1.2rem;line-height:1.35;font-weight:650;letter-spacing:-.008em;margin-top:.35rem;display:flex;gap:.55rem}
.restore .level{font-size:1.02rem}.restore .level .mark{margin-top:.18em}
.restore .more{margin-top:.55rem;font-size:.87rem}
.ladder{list-style:none;display:grid;grid-template-columns:repeat(3,1fr);gap:4px;margin:.75rem 0 .8rem;font-size:.8rem}
.ladder li{border-top:6px solid var(--line);padding-top:.3rem;color:var(--soft)}
.ladder .reached{border-top-color:var(--bar)}
.ladder [aria-current]{color:var(--ink);font-weight:650}

main>section{margin-top:2rem}
main>section>h2{font-size:1.3rem;letter-spacing:-.012em;margin-bottom:.75rem}
.group{margin-top:.75rem}
.fine{padding:.7rem 1.3rem}
.fine+.fine{margin-top:0;border-top:0;border-radius:0}
.fine:has(+.fine){border-bottom-left-radius:0;border-bottom-right-radius:0}
.fine+.fine:not(:has(+.fine)){border-radius:0 0 10px 10px}
.fine>summary h3{flex:1;font-weight:500}
.group>header{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;gap:.1rem 1rem}
.group .counts{font-size:.87rem}
.problem{margin-top:.95rem;padding:.1rem 0 .15rem 1rem;border-left:3px solid var(--skip)}
.problem.fail{border-left-color:var(--fail)}.problem.warn{border-left-color:var(--warn)}.problem.error{border-left-color:var(--error)}
.note{margin-top:.75rem}
.what{display:flex;gap:.55rem}
.problem .what{font-weight:550}
.problem .word{font-weight:700}
.problem.fail .word{color:var(--fail)}.problem.warn .word{color:var(--warn)}.problem.error .word{color:var(--error)}
.problem .remedy,.note .remedy{margin-left:1.6rem}
.note .what code,.about code,.checks code{color:var(--soft)}
.remedy{margin-top:.4rem}
.remedy p+p{margin-top:.3rem}
.command{margin-top:.35rem;padding:.42rem .75rem;background:var(--well);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;user-select:all;-webkit-user-select:all}
.command span{white-space:nowrap}
.about{margin:.55rem 0 0 1.6rem;font-size:.84rem;display:grid;grid-template-columns:max-content 1fr;gap:.05rem .9rem}
.folded{margin-top:.75rem;font-size:.93rem}
summary{cursor:pointer;list-style:none;display:flex;align-items:center;gap:.55rem}
summary::-webkit-details-marker{display:none}
.folded>summary::after,.fine>summary::after,.list>li>details>summary::after{content:"";flex:none;width:.42em;height:.42em;border:solid var(--soft);border-width:0 1.6px 1.6px 0;transform:rotate(-45deg);margin:0 .3em}
.group details[open]>summary::after,.group[open]>summary::after,.list details[open]>summary::after{transform:rotate(45deg)}
.folded ul,.checks{list-style:none;margin:.35rem 0 0 1.6rem;font-size:.87rem}
.folded li,.checks li{padding:.22rem 0;border-top:1px solid var(--line)}
.folded li:first-child,.checks li:first-child{border-top:0}
.checks .mark{display:inline-block;margin-right:.4rem}

.trend figcaption{margin-bottom:.6rem}
.plot{display:grid;grid-template-columns:auto 1fr;gap:.6rem}
.scale{display:flex;flex-direction:column;justify-content:space-between;text-align:right;font-size:.78rem;line-height:1;color:var(--soft)}
.plot svg{display:block;width:100%;height:7.5rem}
.grid{stroke:var(--line);fill:none;vector-effect:non-scaling-stroke}
.ends{display:flex;justify-content:space-between;font-size:.78rem;color:var(--soft);margin:.3rem 0 0 3.4rem}
.legend{list-style:none;margin-top:.6rem;font-size:.87rem;display:flex;flex-wrap:wrap;gap:.15rem 1.5rem}
.swatch{display:inline-block;width:.75em;height:.75em;border-radius:2px;margin-right:.45em}
rect.snapshot{fill:var(--bar)}rect.rehearsal{fill:var(--bar-2)}rect.hold,rect.freeze{fill:var(--bar-3)}
.swatch.snapshot{background:var(--bar)}.swatch.rehearsal{background:var(--bar-2)}.swatch.hold,.swatch.freeze{background:var(--bar-3)}
rect.faulty{fill:var(--fail)}.swatch.faulty{background:var(--fail)}
.heads,.list>li>details>summary{display:grid;grid-template-columns:1.05em 8.2rem 6.2rem minmax(0,1fr) 6.6rem 1.2em;align-items:center;gap:.75rem}
.heads{margin-top:1.4rem;font-size:.8rem;color:var(--soft);padding-bottom:.3rem}
.heads span:first-child{grid-column:2}
.heads span:last-child,.run-stall{text-align:right}
.list{list-style:none}
.list>li{border-top:1px solid var(--line)}
.list>li>details>summary{padding:.45rem 0}
.run-stall{font-weight:600}
.story{padding:.2rem 0 1.2rem 1.8rem}
.story .what{margin-top:.4rem;align-items:baseline}
.story>.folded{margin-top:.7rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:.9rem 2rem;margin-top:.9rem}
.tracks{width:100%;border-collapse:collapse;font-size:.84rem;align-self:start}
.tracks caption{text-align:left;font-weight:650;padding-bottom:.2rem}
.tracks thead th{font-weight:400;color:var(--soft);font-size:.78rem}
.tracks th,.tracks td{text-align:left;padding:.14rem 0;vertical-align:middle}
.tracks th:first-child{width:32%;padding-right:.7rem;font-weight:400;line-height:1.3}
.tracks th:last-child,.tracks td:last-child:not([colspan]){width:5.2rem;text-align:right;white-space:nowrap}
.tracks tbody tr{border-top:1px solid var(--line)}
.tracks tfoot td{color:var(--soft)}
.bars{display:block;width:100%;height:.85rem}
.bars rect{fill:var(--bar)}
.bars .held,.bars .frozen{fill:var(--bar-2)}
.bars .flush{fill:var(--bar-3)}
.bars .failed{fill:var(--fail)}
.key{font-size:.78rem;color:var(--soft);margin-top:.5rem}

footer{margin-top:2rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.84rem}
footer dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .9rem}
footer p{margin-top:.6rem}

@media (max-width:46rem){
main{padding:1.1rem .85rem 2rem}
.top{grid-template-columns:minmax(0,1fr)}
.machine{grid-template-columns:1fr}.machine .when{text-align:left}
.verdict{padding:1.15rem 1.1rem 1.15rem 1.4rem}.verdict h1{font-size:2.05rem;gap:.6rem}
.first,.worth,.restore,.group,.runs{padding:1rem}
.about{grid-template-columns:1fr}.about dd{margin-bottom:.25rem}
.problem .remedy,.note .remedy,.about,.folded ul,.checks{margin-left:0}
.fine{padding:.7rem 1rem}
.heads{display:none}.list{margin-top:1rem}
.list>li>details>summary{grid-template-columns:1.05em minmax(0,1fr) auto 1.2em;gap:.05rem .6rem}
.run-when{grid-area:1/2}.run-stall{grid-area:1/3}.run-kind{grid-area:2/2;font-size:.87rem;color:var(--soft)}
.run-worth{grid-area:3/2/auto/4;font-size:.87rem;color:var(--soft)}
.list>li>details>summary>.mark{grid-area:1/1}.list>li>details>summary::after{grid-area:1/4}
.story{padding-left:0}
footer dl{grid-template-columns:1fr}footer dd{margin-bottom:.3rem}
}
@media print{
:root{color-scheme:light;--ground:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--well:#f4f4f4;--fail:#a51a14;--warn:#7a4900;--error:#6d2786;--pass:#15562f;--info:#1c4a75;--skip:#555;--fail-ground:#fff;--warn-ground:#fff;--error-ground:#fff;--pass-ground:#fff;--bar:#2f5c8f;--bar-2:#9db9d8;--bar-3:#b9bec5;--on:#fff}
@page{margin:14mm 13mm}
html{font-size:10.5pt}
main{max-width:none;padding:0}
svg,.swatch,.ladder li,.verdict,.first{-webkit-print-color-adjust:exact;print-color-adjust:exact}
.group::details-content,.group details::details-content{content-visibility:visible;display:block;height:auto}
.group summary::after,.fine>summary::after,.list>li>details>summary::after{display:none}
.problem,.note,.first,.worth,.restore,.trend,.tracks tr,summary{break-inside:avoid}
h2,h3,.group>header{break-after:avoid}
.tile{border-color:#ccc}
}
`;
