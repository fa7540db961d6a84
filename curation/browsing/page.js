"use strict";
import { $, asked, closeDialogs, el, onKeys, svg } from "/common.js";

// The address says what is shown: `#` and `#?survey=…` samples, `#sample-…` one of them, `#compare?a=…&b=…` two hand-overs.
const KINDS = { added: "added", removed: "removed", pictures: "other pictures", labels: "other labels", splits: "other splits", answers: "other answers" };
const FIELDS = ["text", "survey", "dataset", "label", "split", "verdict", "review", "least", "most", "near", "radius_arcmin"];
const WIDTH = 400, HEIGHT = 260, DEG = Math.PI / 180;

// `listed` are the samples that were read of a list, `query` is its filters; `change` is the comparison that is shown.
let listed = [], query = null, n_found = 0, change = null, n_changes = 0, from_list = "#", boxes_on = true, scrolled = 0;

function say(text, of = "") {
  $("status").textContent = text;
  $("status").className = of;
}

const told = (error) => say(error.message, "bad-text");
const number = (n) => n.toLocaleString("en");
const read = async (path) => (await asked(path)).json();
const pictureOf = (sha, where = "here") => `/api/picture/${where}/${encodeURIComponent(sha)}`;

async function begin() {
  const found = await read("/api/start");
  document.title = `Browse: ${found.corpus}`;
  $("title").textContent = found.title;
  $("who").textContent = found.address;
  for (const [name, values] of Object.entries(found.facets)) {
    const chooser = $("form").elements[name];
    if (!chooser || !Array.isArray(values)) continue;
    chooser.replaceChildren(el("option", { value: "" }, "any"), ...values.map((one) => el("option", { value: one.value }, `${one.value} (${number(one.n)})`)));
    chooser.closest("label").hidden = values.length === 0;
  }
  for (const name of ["least", "most"]) $("form").elements[name].closest("label").hidden = !found.facets.n_scored;
  const options = () => found.handovers.map((one) => el("option", { value: one.number }, `${one.corpus} ${one.address.split("/").pop()}${one.tags.length ? ` (${one.tags.join(", ")})` : ""}`));
  $("a").replaceChildren(...options());
  $("b").replaceChildren(...options());
  const here = found.handovers.find((one) => one.address === found.address), other = found.handovers.filter((one) => one.corpus === found.corpus && one !== here).pop();
  if (here) $("b").value = here.number;
  if (other) $("a").value = other.number;
  if (window.matchMedia("(max-width: 1000px)").matches) $("filters").open = false;
  await route();
}

async function route() {
  const hash = decodeURI(location.hash.slice(1)), [name, rest] = [hash.split("?")[0], hash.slice(hash.indexOf("?") + 1 || hash.length)];
  if (!$("samples").hidden) scrolled = window.scrollY;
  const view = name === "compare" ? "compare" : name && name !== "main" ? "sample" : "samples";
  for (const one of ["samples", "sample", "compare"]) $(one).hidden = one !== view;
  for (const one of ["samples", "compare"]) $(`to-${one}`).toggleAttribute("aria-current", false);
  if (view !== "sample") $(`to-${view}`).setAttribute("aria-current", "page");
  say("");
  $("main").setAttribute("aria-busy", "true");
  try {
    if (view === "sample") await showSample(name);
    else if (view === "compare") await showCompare(new URLSearchParams(rest));
    else await showSamples(new URLSearchParams(rest));
  } catch (error) {
    told(error);
  }
  $("main").setAttribute("aria-busy", "false");
  window.scrollTo(0, view === "samples" ? scrolled : 0);
}

// -- the list

async function showSamples(wanted) {
  from_list = location.hash || "#";
  for (const name of FIELDS) $("form").elements[name].value = wanted.get(name) || "";
  if (query === wanted.toString() && listed.length) return;
  const mine = query = wanted.toString();
  listed = [];
  scrolled = 0;
  const found = await read(`/api/samples?${mine}`);
  if (query !== mine) return;  // something else was asked for meanwhile, and its answer may have come first
  listed = [];
  n_found = found.n;
  $("count").textContent = n_found ? `${number(n_found)} samples` : "No sample is like that";
  $("cards").replaceChildren();
  addCards(found.rows);
  drawSky(found.sky, found.splits);
}

async function more() {
  if (listed.length >= n_found) return;
  const wanted = new URLSearchParams(query);
  const [mine, start] = [query, listed.length];
  wanted.set("start", String(start));
  const found = await read(`/api/samples?${wanted}`);
  if (query === mine && listed.length === start) addCards(found.rows);
}

function addCards(rows) {
  listed.push(...rows);
  $("cards").append(...rows.map((row) => el("li", {}, el("a", { class: "card", href: `#${row.sample_id}` },
    el("img", { src: pictureOf(row.png_sha256), alt: "", loading: "lazy" }),
    el("div", {}, el("strong", {}, row.name || row.sample_id), row.labels.join(", ") || "no label", chips(row),
      el("span", { class: "line" }, `${row.question} ${row.answer}`))))));
  $("more").hidden = listed.length >= n_found;
}

function chips(row) {
  return el("span", { class: "chips" }, ...[row.split || "no split", row.verdict === "supported" ? "" : row.verdict, row.score === null ? "" : `score ${row.score}`,
    row.review || ""].filter(Boolean).map((one) => el("span", { class: "chip" }, one)));
}

// -- the sky: about the middle of the samples, or the whole of it, right ascension to the left

function projection(dots) {
  const unit = (ra, dec) => [Math.cos(dec * DEG) * Math.cos(ra * DEG), Math.cos(dec * DEG) * Math.sin(ra * DEG), Math.sin(dec * DEG)];
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const places = dots.map((one) => unit(one.ra_deg, one.dec_deg)), sum = places.reduce((a, b) => a.map((value, k) => value + b[k]), [0, 0, 0]);
  const long = Math.hypot(...sum), middle = long ? sum.map((one) => one / long) : [1, 0, 0];
  const most = Math.max(...places.map((one) => Math.acos(Math.min(1, dot(one, middle))))) / DEG;
  if (most > 60) return { is_whole: true, at: mollweide };
  const ra = Math.atan2(middle[1], middle[0]), east = [-Math.sin(ra), Math.cos(ra), 0], dec = Math.asin(middle[2]);
  const north = [-Math.sin(dec) * Math.cos(ra), -Math.sin(dec) * Math.sin(ra), Math.cos(dec)];
  const flat = (one) => {
    const off = Math.acos(Math.min(1, Math.max(-1, dot(one, middle)))) / DEG, x = dot(one, east), y = dot(one, north), size = Math.hypot(x, y) || 1;
    return [(x / size) * off, (y / size) * off];
  };
  const all = places.map(flat), [left, right, low, high] = [0, 1].flatMap((k) => [Math.min(...all.map((one) => one[k])), Math.max(...all.map((one) => one[k]))]);
  const scale = Math.min((WIDTH - 40) / Math.max(0.04, right - left), (HEIGHT - 50) / Math.max(0.04, high - low));
  const centre = [((ra / DEG) + 360) % 360, dec / DEG];
  return { is_whole: false, scale, centre, at: (lon, lat) => { const [x, y] = flat(unit(lon, lat)); return [WIDTH / 2 - (x - (left + right) / 2) * scale, HEIGHT / 2 - 5 - (y - (low + high) / 2) * scale]; } };
}

function mollweide(ra, dec) {
  let turn = dec * DEG;
  for (let k = 0; k < 12; k += 1) {
    const step = (2 * turn + Math.sin(2 * turn) - Math.PI * Math.sin(dec * DEG)) / (2 + 2 * Math.cos(2 * turn) || 1);
    turn -= step;
    if (Math.abs(step) < 1e-6) break;
  }
  const off = ((((ra + 180) % 360) + 360) % 360) - 180;
  return [WIDTH / 2 - (off / 180) * Math.cos(turn) * (WIDTH / 2 - 8), HEIGHT / 2 - Math.sin(turn) * (HEIGHT / 2 - 24)];
}

let sky = { dots: [], at: null };

function drawSky(dots, splits) {
  const over = $("sky");
  over.replaceChildren();
  $("splits").replaceChildren(...splits.map((one) => {
    const sign = svg("svg", { viewBox: "-4 -4 8 8", "aria-hidden": "true" });
    sign.append(mark(one.split, 0, 0, 3.2));
    return el("span", {}, sign, `${one.split || "no split"} ${number(one.n)}`);
  }));
  const n_all = splits.reduce((n, one) => n + one.n, 0);
  $("sky-note").textContent = !dots.length ? "None of them has a place on the sky."
    : `${dots.length < n_all ? `${number(dots.length)} of them. ` : ""}Click a mark to open it, draw a circle to look there.`;
  if (!dots.length) { sky = { dots: [], at: null }; return; }
  const chart = projection(dots);
  drawNet(over, chart);
  sky = { dots: dots.map((one) => ({ ...one, xy: chart.at(one.ra_deg, one.dec_deg) })), at: chart };
  for (const one of sky.dots) {
    const sign = mark(one.split, ...one.xy, dots.length > 400 ? 2 : 3);
    sign.classList.add("dot");
    sign.dataset.id = one.sample_id;
    sign.append(svg("title", {}, `${one.name}, ${one.split || "no split"}`));
    over.append(sign);
  }
}

function mark(split, x, y, r) {
  const of = split || "unsplit";
  if (split === "test") return svg("rect", { class: of, x: x - r, y: y - r, width: 2 * r, height: 2 * r });
  if (split === "validation") return svg("path", { class: of, d: `M${x} ${y - 1.3 * r}L${x + 1.2 * r} ${y + r}H${x - 1.2 * r}Z` });
  return svg("circle", { class: of, cx: x, cy: y, r });
}

function drawNet(over, chart) {
  if (chart.is_whole) {
    for (const dec of [-60, -30, 0, 30, 60]) over.append(line(Array.from({ length: 73 }, (_, k) => chart.at(-179.9 + k * 4.997, dec))));
    for (let ra = -180; ra <= 180; ra += 60) over.append(line(Array.from({ length: 37 }, (_, k) => chart.at(ra === 180 ? 179.99 : ra + 0.001, -90 + 5 * k))));
    over.append(svg("text", { x: WIDTH / 2 + 3, y: HEIGHT - 8 }, "RA 0"));
    return;
  }
  const span = WIDTH / chart.scale, [ra, dec] = chart.centre, wide = 1 / Math.max(0.02, Math.cos(dec * DEG));
  const step = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005].find((one) => span / one >= 3) || 0.005;
  for (let k = -5; k <= 5; k += 1) {
    const lat = Math.round(dec / step + k) * step, lon = (Math.round(ra / step / wide + k) * step) * wide;
    if (Math.abs(lat) < 90) over.append(line(Array.from({ length: 41 }, (_, j) => chart.at(ra + ((j - 20) / 20) * span * wide, lat))));
    over.append(line(Array.from({ length: 41 }, (_, j) => chart.at(lon, Math.max(-90, Math.min(90, dec + ((j - 20) / 20) * span))))));
  }
  over.append(svg("text", { x: 6, y: HEIGHT - 8 }, `about ${ra.toFixed(2)} ${dec >= 0 ? "+" : ""}${dec.toFixed(2)}, lines ${step}° apart; north up, east left`));
}

const line = (points) => svg("path", { class: "net", d: `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` });

let ring = null;
function skyPoint(event) {
  const around = $("sky").getBoundingClientRect();
  return [((event.clientX - around.left) / around.width) * WIDTH, ((event.clientY - around.top) / around.height) * HEIGHT];
}

function startRing(event) {
  if (!sky.at || event.button) return;
  const [x, y] = skyPoint(event);
  ring = { x, y, r: 0, sign: svg("circle", { class: "ring", cx: x, cy: y, r: 0 }) };
  $("sky").append(ring.sign);
}

function growRing(event) {
  if (!ring) return;
  const [x, y] = skyPoint(event);
  ring.r = Math.hypot(x - ring.x, y - ring.y);
  ring.sign.setAttribute("r", ring.r);
}

function endRing() {
  if (!ring) return;
  const { x, y, r } = ring;
  ring.sign.remove();
  ring = null;
  const off = (one) => Math.hypot(one.xy[0] - x, one.xy[1] - y);
  if (r < 5) {
    const nearest = [...sky.dots].sort((a, b) => off(a) - off(b))[0];
    if (nearest && off(nearest) < 8) location.hash = nearest.sample_id;
    return;
  }
  const inside = sky.dots.filter((one) => off(one) <= r);
  if (!inside.length) { say("No sample is in that circle."); return; }
  const vectors = inside.map((one) => [Math.cos(one.dec_deg * DEG) * Math.cos(one.ra_deg * DEG), Math.cos(one.dec_deg * DEG) * Math.sin(one.ra_deg * DEG), Math.sin(one.dec_deg * DEG)]);
  const sum = vectors.reduce((a, b) => a.map((value, k) => value + b[k])), long = Math.hypot(...sum), middle = sum.map((one) => one / long);
  const most = Math.max(...vectors.map((one) => 2 * Math.asin(Math.min(1, Math.hypot(one[0] - middle[0], one[1] - middle[1], one[2] - middle[2]) / 2)))) / DEG;
  $("form").elements.near.value = `${((Math.atan2(middle[1], middle[0]) / DEG + 360) % 360).toFixed(5)} ${(Math.asin(middle[2]) / DEG).toFixed(5)}`;
  $("form").elements.radius_arcmin.value = Math.max(0.5, most * 60 + 0.05).toFixed(2);
  look();
}

function look() {
  const wanted = new URLSearchParams();
  for (const name of FIELDS) if ($("form").elements[name].value.trim()) wanted.set(name, $("form").elements[name].value.trim());
  if (!wanted.get("near")) wanted.delete("radius_arcmin");
  const to = wanted.size ? `#?${wanted}` : "#";
  if (location.hash === to || (!location.hash && to === "#")) route();
  else location.hash = to;
}

// -- a sample and its chain

async function showSample(id) {
  const mine = location.hash, found = await read(`/api/sample/${encodeURIComponent(id)}`);
  if (location.hash !== mine) return;
  const boxes = found.turns.flatMap((turn) => turn.claims.filter((one) => one.box).map((one) => one.box));
  const picture = el("img", { src: pictureOf(found.png_sha256), alt: `The picture of ${found.name}` }), over = svg("svg", { id: "over", "aria-hidden": "true", viewBox: "0 0 1 1", preserveAspectRatio: "none" });
  const toggle = el("input", { type: "checkbox", id: "boxes" });
  const drawBoxes = () => over.replaceChildren(...(boxes_on ? boxes : []).map(([x0, y0, x1, y1]) => svg("rect", { class: "box", x: x0, y: y0, width: x1 - x0, height: y1 - y0 })));
  toggle.checked = boxes_on;
  toggle.addEventListener("change", () => { boxes_on = toggle.checked; drawBoxes(); });
  drawBoxes();
  $("sample").replaceChildren(
    el("div", { class: "top" }, el("h2", {}, found.name || found.sample_id), el("a", { class: "button", href: from_list, id: "back" }, "To the list"),
      el("button", { type: "button", on: () => step(-1) }, "Previous"), el("button", { type: "button", on: () => step(1) }, "Next")),
    el("section", { class: "stick", "aria-label": "Picture" }, el("div", { class: "frame" }, picture, over),
      boxes.length ? el("label", { class: "check" }, toggle, ` ${boxes.length === 1 ? "the box" : `${boxes.length} boxes`} of the answers`) : null,
      el("p", {}, found.labels.join(", ") || "no label"), chips(found),
      found.withdrawn ? el("p", { class: "bad-text" }, `withdrawn, and used no more: ${found.withdrawn}`) : null,
      el("p", { class: "mono" }, found.command),
      found.others.length ? el("details", {}, el("summary", {}, `${found.others.length} more of this source`),
        el("ul", {}, ...found.others.map((one) => el("li", {}, el("a", { href: `#${one.sample_id}` }, one.question))))) : null),
    el("div", { class: "stack" }, el("section", { "aria-label": "Words" }, el("h3", {}, "Words, and why"), el("ol", { id: "turns" }, ...found.turns.map(turnOf))),
      el("section", { "aria-label": "Where it is from" }, el("h3", {}, "Where it is from"),
        el("ol", { class: "chain" }, ...found.links.map(([title, facts]) => linkOf(title, facts))))));
}

function turnOf(turn) {
  return el("li", {}, el("p", { class: "asked" }, turn.question), el("p", { class: "said" }, turn.answer),
    el("p", { class: "soft" }, turn.verdict ? el("span", { class: `mark ${turn.verdict}` }, turn.verdict) : null, `by ${turn.writer}`, turn.reasons.length ? `: ${turn.reasons.join("; ")}` : ""),
    turn.claims.length ? el("details", { open: turn.claims.length < 4 }, el("summary", {}, `${turn.claims.length} ${turn.claims.length === 1 ? "claim" : "claims"}`), el("ul", { class: "claims" }, ...turn.claims.map((one) => el("li", {}, one.says,
      el("ul", { class: "because" }, ...one.because.map((why) => el("li", {}, why))))))) : null,
    turn.fates.length ? el("details", {}, el("summary", {}, "what the model wrote"), el("ul", { class: "claims" }, ...turn.fates.map((one) => el("li", {}, one)))) : null);
}

function linkOf(title, facts) {
  const body = el("dl", {}, ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  return el("li", {}, el("h3", {}, title), facts.length > 6 ? el("details", {}, el("summary", {}, `${facts.length} entries`), body) : body);
}

async function step(by) {
  const at = listed.findIndex((one) => one.sample_id === location.hash.slice(1));
  if (at + by >= listed.length && listed.length < n_found) await more().catch(told);
  const to = listed[Math.max(0, Math.min(listed.length - 1, at + by))];
  if (to) location.hash = to.sample_id;
}

// -- two hand-overs

async function showCompare(wanted) {
  const [a, b] = [wanted.get("a"), wanted.get("b")];
  if (!a || !b) { $("differences").hidden = true; $("kinds").replaceChildren(); return; }
  $("a").value = a;
  $("b").value = b;
  say("Comparing …");
  let found = await read(`/api/difference?${new URLSearchParams({ a, b, kind: wanted.get("kind") || "added" })}`);
  if (!wanted.get("kind") && !found.rows.length) {  // the first kind of which there is any
    const kind = Object.keys(KINDS).find((one) => found.counts[one]);
    if (kind) found = await read(`/api/difference?${new URLSearchParams({ a, b, kind })}`);
  }
  say("");
  change = { a, b, kind: found.kind };
  n_changes = 0;
  $("kinds").replaceChildren(...Object.entries(KINDS).map(([kind, name]) => el("button", { type: "button", "aria-pressed": String(kind === found.kind),
    on: () => { location.hash = `compare?${new URLSearchParams({ a, b, kind })}`; } }, el("b", {}, number(found.counts[kind])), name)));
  $("differences").hidden = false;
  $("changes").replaceChildren(...(found.rows.length ? [] : [el("li", { class: "soft" }, Object.values(found.counts).some(Boolean) ? "None of this kind." : "Both say the same of the same pictures.")]));
  addChanges(found);
  $("recipes").hidden = !found.recipes.length;
  $("recipes").querySelector("ul").replaceChildren(...found.recipes.map((one) => el("li", {}, one)));
}

function addChanges(found) {
  n_changes += found.rows.length;
  $("changes").append(...found.rows.map((row) => el("li", { class: "change" }, el("div", { class: "pair" }, ...["a", "b"].map((side, k) => sideOf(row, side, k))),
    el("div", {}, el("strong", {}, row.name || row.id), el("span", { class: "soft mono" }, ` ${row.id}, ${row.dataset}`), ...linesOf(found.kind, row), el("p", { class: "soft" }, row.why)))));
  $("more-changes").hidden = n_changes >= found.counts[found.kind];
}

function sideOf(row, side, k) {
  const sha = row.pictures[k];
  return el("figure", {}, sha ? el("img", { src: pictureOf(sha, change[side]), alt: `${row.name} ${k ? "now" : "before"}`, loading: "lazy" }) : el("div", { class: "none" }, "not there"),
    el("figcaption", {}, k ? "to" : "from"));
}

function linesOf(kind, row) {
  const both = (one, other) => [...(one ? [el("p", { class: "from" }, one)] : []), ...(other ? [el("p", { class: "to" }, other)] : [])];
  if (kind === "added" || kind === "removed") return [el("p", {}, `${row.split || "no split"}, ${row.n_turns} turns`)];
  if (kind === "answers") return [el("p", { class: "asked" }, row.question_to || row.question_from), ...both(row.from, row.to)];
  if (kind === "labels") return both(`${row.label} ${row.from}`, `${row.label} ${row.to}`);
  return kind === "pictures" ? [] : both(row.from, row.to);
}

async function moreChanges() {
  addChanges(await read(`/api/difference?${new URLSearchParams({ ...change, start: String(n_changes) })}`));
}

// -- by hand

const in_sample = () => !$("sample").hidden;
onKeys({
  "/": () => { $("filters").open = true; if (!$("samples").hidden) $("text").focus(); else location.hash = from_list.slice(1); },
  j: () => in_sample() ? step(1) : listed.length && (location.hash = listed[0].sample_id), k: () => in_sample() && step(-1),
  Escape: () => { if ($("samples").hidden) location.hash = from_list.slice(1); },
  b: () => { const one = in_sample() && document.getElementById("boxes"); if (one) one.click(); },
  m: () => ($("samples").hidden ? moreChanges() : more()).catch(told), c: () => { location.hash = "compare"; }, "?": () => $("help-dialog").showModal(),
});
closeDialogs();
$("help-button").addEventListener("click", () => $("help-dialog").showModal());
$("skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
$("form").addEventListener("submit", (event) => { event.preventDefault(); look(); });
$("form").addEventListener("change", (event) => { if (event.target.tagName === "SELECT") look(); });
$("all").addEventListener("click", () => { $("form").reset(); look(); });
$("more").addEventListener("click", () => more().catch(told));
$("compare-form").addEventListener("submit", (event) => { event.preventDefault(); location.hash = `compare?${new URLSearchParams({ a: $("a").value, b: $("b").value })}`; });
$("more-changes").addEventListener("click", () => moreChanges().catch(told));
$("sky").addEventListener("pointerdown", startRing);
$("sky").addEventListener("pointermove", growRing);
$("sky").addEventListener("pointerup", endRing);
$("sky").addEventListener("pointerleave", () => { if (ring) { ring.sign.remove(); ring = null; } });
window.addEventListener("hashchange", route);
begin().catch(told);
