"use strict";
import { $, asked, closeDialogs, el, onKeys, sent, svg } from "/common.js";
import { drawGrid, drawNorth, placeOf, skyAt } from "/sky.js";

const CURVES = {
  linear: (v) => v,
  sqrt: (v) => Math.sqrt(v),
  asinh: (v) => Math.asinh(v / 0.05) / Math.asinh(1 / 0.05),
  log: (v) => Math.log1p(v * 1000) / Math.log1p(1000),
};
const LEAVES = { todo: (row) => row.mine, open: () => false, mine: (row) => !row.mine, all: () => false };

// `listed` is what was read of a view so far, `n_read` how much of it: decisions take rows away from the former alone.
let listed = [], n_read = 0, n_left = 0, counts = {}, current = null, image = null, acts = [], busy = false, me = "";

function work(is_under_way) {
  busy = is_under_way;
  $("sample").setAttribute("aria-busy", String(busy));
}

function say(text, kind = "") {
  $("status").textContent = text;
  $("status").className = kind;
}

const present = (labels) => labels.filter((one) => one.state === "present").map((one) => one.label).join(", ");
const called = (sample) => sample.source_name || sample.sample_id;

function keep(sample, said) {
  return sent("/api/decide", { conversation_id: sample.conversation_id, sample_id: sample.sample_id, ...said });
}

// -- the queue

async function readQueue() {
  [listed, n_read, n_left] = [[], 0, 0];
  const found = await readMore();
  document.title = `Review: ${found.corpus}`;
  $("title").textContent = found.title;
  me = found.reviewer;
  $("who").textContent = `${found.reviewer} reviews ${found.corpus}`;
  $("agreement").replaceChildren(...(found.agreement.length ? found.agreement : ["No two reviewers judged the same sample yet."])
    .map((line) => el("li", {}, line)));
}

async function readMore() {
  const found = await (await asked(`/api/queue?view=${encodeURIComponent($("view").value)}&start=${n_read}`)).json();
  listed.push(...found.rows);
  n_read += found.rows.length;
  counts = { waiting: found.n_listed, mine: found.n_mine, all: found.n_all };
  drawQueue();
  return found;
}

function drawQueue() {
  const number = (n) => n.toLocaleString("en");
  $("count").textContent = `${number(counts.waiting - n_left)} here, ${number(counts.mine)} of ${number(counts.all)} decided by me`;
  $("queue").replaceChildren(...listed.map((row) => el("li", {}, el("button",
    { type: "button", "aria-current": String(Boolean(current && row.id === current.conversation_id)), on: () => show(row.id).catch(told) },
    row.name || row.id, row.mine ? ` (${row.mine})` : "",
    el("small", {}, [row.refused ? `refused: ${row.refused}` : "", ...row.doubts, row.n_others ? `${row.n_others} others decided` : ""]
      .filter(Boolean).join("; ") || row.dataset)))));
  $("more").hidden = n_read >= counts.waiting;
  const here = document.querySelector("#queue [aria-current=true]");
  if (here) {  // within the list alone: the page stays where it is
    const list = $("queue"), top = here.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + here.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
  }
}

const placed = (id) => listed.findIndex((row) => row.id === id);

async function step(by) {
  const at = current ? placed(current.conversation_id) : -1;
  if (at + by >= listed.length && n_read < counts.waiting) await readMore();
  if (!listed.length) return show(null);
  return show(listed[at < 0 ? 0 : Math.min(listed.length - 1, Math.max(0, at + by))].id);
}

// -- a sample

export async function show(id) {
  $("empty").hidden = Boolean(id);
  $("whole").hidden = !id;
  if (!id) { current = null; return; }
  const path = encodeURIComponent(id);
  const [said, body] = await Promise.all([
    asked(`/api/sample/${path}`).then((one) => one.json()), asked(`/api/pixels/${path}`).then((one) => one.arrayBuffer())]);
  current = said;
  image = new Float32Array(body);
  drawQueue();
  tellPicture();
  tellWords();
  drawImage();
  drawOver();
}

function tellPicture() {
  const { picture } = current;
  $("name").textContent = called(current);
  $("doubts").replaceChildren(...(current.refused ? [el("span", { class: "mark bad-text" }, `refused: ${current.refused}`)] : []),
    ...current.doubts.map((one) => el("span", { class: "mark doubt" }, one)));
  $("low").value = 0;
  $("high").value = 1000;
  const number = (value, unit, digits = 3) => (value === null ? "unknown" : `${Number(value).toPrecision(digits)} ${unit}`);
  const facts = [
    ["survey", picture.survey], ["mosaic", picture.mosaic],
    ["size", `${picture.width_px} x ${picture.height_px} pixels of ${number(picture.pixel_x_arcsec, "arcsec")}`],
    ["beam", picture.beam_major_arcsec === null ? "unknown"
      : `${number(picture.beam_major_arcsec, "")}x ${number(picture.beam_minor_arcsec, "arcsec")}`],
    ["noise, peak", `${number(picture.rms_mjy_per_beam, "")}/ ${number(picture.peak_mjy_per_beam, "mJy/beam")}`],
    ["drawn for models", picture.stretch], ["dataset, split", `${current.dataset}, ${current.split || "none"}`],
    ["sample", current.sample_id], ["source", current.source_id]];
  $("facts").replaceChildren(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  $("canvas").setAttribute("aria-label", `Picture of ${current.source_name}: ${present(current.labels) || "no label"}; ${current.boxes.length} boxes`);
  const figure = (src, survey, more) => el("figure", {}, el("img", { src, alt: `The same sky in ${survey}`, loading: "lazy" }), el("figcaption", {}, `${survey}${more}`));
  $("twins").replaceChildren(
    ...current.twins.map((one) => figure(`/api/picture/${encodeURIComponent(one.cutout_id)}`, one.survey, one.conflicts.length ? `: ${one.conflicts.join("; ")}` : "")),
    ...current.skies.map((survey) => figure(`/api/sky/${encodeURIComponent(current.conversation_id)}/${encodeURIComponent(survey)}`, survey, ", no sample there")));
}

function tellWords() {
  const before = new Map(current.before.map((one) => [one.label, one]));
  const line = (one, whose) => el("tr", {}, el("td", {}, whose), el("td", {}, one.label), el("td", {}, one.state),
    el("td", {}, one.confidence === null ? one.tier : `${one.tier}, ${one.confidence}`),
    el("td", {}, was(one, before, whose)));
  const stated = current.labels.filter((one) => one.state !== "absent" || was(one, before, "source")).map((one) => line(one, "source"));
  const absent = current.labels.filter((one) => one.state === "absent").map((one) => one.label);
  const boxed = current.boxes.flatMap((box, at) => box.labels.map((one) => line(one, `box ${at + 1}`)));
  $("labels").replaceChildren(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Labels" }, el("table", {},
    el("thead", {}, el("tr", {}, ...["of", "label", "is", "says", "was"].map((one) => el("th", { scope: "col" }, one)))),
    el("tbody", {}, ...stated, ...boxed))), el("p", { class: "soft" }, absent.length ? `Absent: ${absent.join(", ")}` : ""));
  $("turns").replaceChildren(...current.turns.map((turn) => el("li", {},
    el("p", { class: "asked" }, turn.question), el("p", { class: "said" }, turn.answer),
    el("div", {}, el("span", { class: `mark ${turn.verdict}` }, turn.verdict), el("span", { class: "soft" }, `by ${turn.writer || "template"}`),
      ...turn.flags.map((flag) => el("span", { class: "mark doubt" }, flag))),
    el("ul", { class: "claims" },
      ...turn.claims.map((claim) => el("li", {}, el("span", { class: `mark ${claim.verdict}` }, claim.verdict), claim.told,
        claim.reason ? el("span", { class: "soft" }, ` (${claim.reason})`) : "")),
      ...turn.reasons.map((reason) => el("li", { class: turn.verdict }, reason))))));
  $("decisions").replaceChildren(...(current.decisions.length ? current.decisions : [null]).map((one) => (one
    ? el("li", {}, `${one.reviewer}: ${one.told} `, el("span", { class: "soft" },
      `${one.at.slice(0, 16).replace("T", " ")} UTC, ${one.standing}${one.is_here ? "" : ", of another sample of this source"}`))
    : el("li", { class: "soft" }, "none yet"))));
}

function was(one, before, whose) {
  const old = whose === "source" ? before.get(one.label) : null;
  return old && (old.state !== one.state || old.tier !== one.tier) ? `${old.state}, says ${old.tier}` : "";
}

// -- the picture: image[y, x] has row 0 at the bottom, the canvas at the top

function limits() {
  const { low, high, least, most } = current.picture;
  const black = low + (Number($("low").value) / 1000) * (high - low);
  const part = Number($("high").value) / 1000;  // 1: as it opens; below, fainter pixels are white already
  const white = black + Math.max(1e-9 * (most - least), (Math.max(high, black) - black) * part * part);
  return [black, Math.max(white, black + 1e-12)];
}

function drawImage() {
  const { width_px: width, height_px: height } = current.picture;
  const canvas = $("canvas"), [black, white] = limits(), curve = CURVES[$("stretch").value];
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d"), drawn = pen.createImageData(width, height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const value = image[y * width + x], to = 4 * ((height - 1 - y) * width + x);
      const blank = Number.isNaN(value);
      const grey = blank ? 0 : 255 * curve(Math.min(1, Math.max(0, (value - black) / (white - black))));
      drawn.data[to] = blank ? 40 : grey;
      drawn.data[to + 1] = blank ? 24 : grey;
      drawn.data[to + 2] = blank ? 60 : grey;
      drawn.data[to + 3] = 255;
    }
  }
  pen.putImageData(drawn, 0, 0);
}

function under(event) {
  const around = $("canvas").getBoundingClientRect(), { width_px: width, height_px: height } = current.picture;
  const x = ((event.clientX - around.left) / around.width) * width;
  const y = height - ((event.clientY - around.top) / around.height) * height;
  const column = Math.floor(x), row = Math.floor(y);
  if (column < 0 || row < 0 || column >= width || row >= height) return;
  const value = image[row * width + column], place = skyAt(current.picture, x, y);
  const where = place ? `${placeOf(place)} (${place[0].toFixed(6)} ${place[1].toFixed(6)})` : "no WCS";
  $("pointer").textContent = `${where}  x ${column} y ${row}  ${Number.isNaN(value) ? "blank" : `${value.toPrecision(4)} mJy/beam`}`;
}

function drawOver() {
  const { width_px: width, height_px: height } = current.picture, over = $("over");
  over.setAttribute("viewBox", `0 0 ${width} ${height}`);
  over.replaceChildren();
  if ($("grid").checked) drawGrid(over, current.picture);
  if ($("boxes").checked) {
    current.boxes.forEach((one, at) => {
      const [x0, y0, x1, y1] = one.box;
      over.append(svg("rect", { class: "box", x: x0, y: y0, width: x1 - x0, height: y1 - y0 }));
      over.append(svg("text", { x: x0, y: Math.max(height * 0.04, y0 - height * 0.01), "font-size": height * 0.04 },
        `${at + 1} ${present(one.labels)}`));
    });
  }
  drawNorth(over, current.picture);
}

// -- deciding

async function decide(verdict, more = {}) {
  if (!current || busy) return;
  work(true);
  const about = current;
  try {
    const kept = await keep(about, { verdict, ...more });
    if (verdict === "note") {
      say(`Note kept: ${kept.told}`);
      await show(about.conversation_id);
      return;
    }
    acts.push(about.conversation_id);
    say(`${called(about)}: ${kept.told}. u takes it back.`, verdict === "reject" ? "bad-text" : "good-text");
    let at = placed(about.conversation_id);
    const row = listed[at];
    if (row) {
      counts.mine += row.mine ? 0 : 1;
      row.mine = verdict;
      if (LEAVES[$("view").value](row)) {
        listed.splice(at, 1);
        n_left += 1;
        at -= 1;
      }
    } else if (!about.decisions.some((one) => one.reviewer === me && one.is_here && one.verdict !== "note")) {
      counts.mine += 1;  // one that is shown, though the list has not come so far
    }
    if (at + 1 >= listed.length && n_read < counts.waiting) await readMore();
    const to = listed[Math.min(at + 1, listed.length - 1)];
    await show(to ? to.id : null);
  } catch (error) {
    say(`Not kept: ${error.message}`, "bad-text");
  } finally {
    work(false);
  }
}

async function undo() {
  const id = acts.length ? acts.pop() : current && current.conversation_id;
  if (!id || busy) return;
  work(true);
  try {
    if (!current || current.conversation_id !== id) await show(id);
    await keep(current, { verdict: "undo" });
    await readQueue();
    await show(id);
    say(`${called(current)}: taken back.`);
  } catch (error) {
    say(`Not taken back: ${error.message}`, "bad-text");
  } finally {
    work(false);
  }
}

function openCorrect() {
  if (!current) return;
  const boxed = current.boxes.map((one, at) => el("option", { value: one.object_id }, `box ${at + 1}: ${one.name}`));
  $("subject").replaceChildren(el("option", { value: "" }, `source ${current.source_name}`), ...boxed);
  $("label").replaceChildren(...current.scheme.labels.map((one) => el("option", {}, one.name)));
  for (const one of $("state").options) one.hidden = one.disabled = current.scheme.is_single && one.value === "absent";
  $("state").value = "present";
  $("correct-note").value = "";
  $("instead-of").hidden = current.scheme.is_single;  // there one label alone holds anyway
  $("instead").checked = Boolean(boxed.length && !current.scheme.is_single);
  if (boxed.length && !present(current.labels)) $("subject").selectedIndex = 1;
  defineLabel();
  $("correct-dialog").showModal();
  $("label").focus();
}

function defineLabel() {
  const found = current.scheme.labels.find((one) => one.name === $("label").value);
  $("definition").textContent = found ? found.definition : "";
}

let noteOf = "note";
function openNote(verdict) {
  if (!current) return;
  noteOf = verdict;
  $("note-title").textContent = verdict === "note" ? "Note" : "Reject, and why";
  $("note-of").textContent = called(current);
  $("note-text").value = "";
  $("note-dialog").showModal();
}

function nextStretch() {
  $("stretch").selectedIndex = ($("stretch").selectedIndex + 1) % $("stretch").options.length;
  drawImage();
}

function whiter(by) {
  $("high").value = Math.min(1000, Math.max(20, Number($("high").value) + by));
  drawImage();
}

function toggled(id) {
  $(id).checked = !$(id).checked;
  drawOver();
}

const KEYS = {
  a: () => decide("accept"), r: () => decide("reject"), R: () => openNote("reject"), c: openCorrect, n: () => openNote("note"),
  u: undo, j: () => step(1).catch(told), k: () => step(-1).catch(told), s: () => current && nextStretch(), "[": () => current && whiter(-100),
  "]": () => current && whiter(100), b: () => current && toggled("boxes"), g: () => current && toggled("grid"),
  "?": () => $("help-dialog").showModal(),
};

onKeys(KEYS);
for (const [id, act] of Object.entries({ accept: KEYS.a, reject: KEYS.r, correct: openCorrect, note: KEYS.n, undo, next: KEYS.j,
  previous: KEYS.k, "help-button": KEYS["?"], "agreement-button": () => $("agreement-dialog").showModal() })) $(id).addEventListener("click", act);
closeDialogs();
$("correct-form").addEventListener("submit", () => decide("correct",
  { subject_id: $("subject").value || null, label: $("label").value, state: $("state").value, is_instead: $("instead").checked, note: $("correct-note").value }));
$("note-form").addEventListener("submit", () => decide(noteOf, { note: $("note-text").value }));
$("label").addEventListener("change", defineLabel);
$("view").addEventListener("change", () => { current = null; start(); });
$("more").addEventListener("click", () => readMore().catch(told));
for (const id of ["stretch", "low", "high"]) $(id).addEventListener("input", () => current && drawImage());
for (const id of ["boxes", "grid"]) $(id).addEventListener("change", () => current && drawOver());
$("frame").addEventListener("pointermove", (event) => current && under(event));
if (window.matchMedia("(max-width: 800px)").matches) $("queue-box").open = false;

const told = (error) => say(`Cannot be read: ${error.message}`, "bad-text");
const start = () => readQueue().then(() => step(0)).catch(told);
start();
