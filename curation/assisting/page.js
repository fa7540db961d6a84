"use strict";
import { $, asked, closeDialogs, el, onKeys, sent, svg } from "/common.js";
import { drawGrid, drawNorth, placeOf, skyAt } from "/sky.js";

const MOST_BYTES = 20 * 1024 * 1024, MOST_NAMED = 8;  // boxes of a catalogue that have room for a name
const SIGNS = { supported: "✓", contradicted: "✗", unknown: "?", "not understood": "…", "claims nothing": "–" };
const kind = (mark) => ({ "not understood": "unread", "claims nothing": "nothing" })[mark] || mark;

// `talk` is the conversation as the server has it; `chosen` the turn whose boxes are on the picture.
let talk = null, chosen = -1, busy = false;

function say(text, of = "") {
  $("status").textContent = text;
  $("status").className = of;
  if (!talk) {
    $("empty").textContent = text;
    $("empty").className = of;
  }
}

function work(is_under_way) {
  busy = is_under_way;
  $("desk").setAttribute("aria-busy", String(busy));
  for (const id of ["ask", "back", "clear"]) $(id).disabled = busy;
}

async function done(what, act) {  // one thing at a time; what the server refuses is told
  if (busy) return;
  work(true);
  say(`${what} …`);
  try {
    await act();
    say("");
  } catch (error) {
    say(error.message, "bad-text");
  } finally {
    work(false);
  }
}

// -- pictures

async function begin() {
  const found = await (await asked("/api/start")).json();
  document.title = `Assistant: ${found.corpus}`;
  $("who").textContent = `${found.model}, pictures as in ${found.corpus} (${[].concat(found.stretch).join(", ")}, ${found.side_px} px)`;
  $("survey").replaceChildren(...found.surveys.map((one) => el("option", { value: one.name }, one.title)));
  $("place-form").hidden = !found.surveys.length;
  if (found.example) $("place").placeholder = `${found.example}, 187.7 12.4 or 12:30:49 +12:23:28`;
  $("suggestions").replaceChildren(...found.questions.map((text) => el("button", { type: "button", title: text,
    on: () => { $("question").value = text; $("question").focus(); } }, text)));
  if (found.talks.length) shown(await (await asked(`/api/talk/${found.talks[0].talk_id}`)).json());
}

function upload(file) {
  if (!file) return;
  if (file.size > MOST_BYTES) { say(`${file.name}: ${(file.size / 1048576).toFixed(0)} MB, expected at most 20`, "bad-text"); return; }
  done(`Reading ${file.name}`, async () => {
    const answer = await asked(`/api/upload?name=${encodeURIComponent(file.name)}`,
      { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
    shown(await answer.json());
    if (talk.sight.sky) offerFile(talk.sight.name);
  });
}

function offerFile(name) {  // places are looked for in the file from now on
  const there = [...$("survey").options].find((one) => one.value === "file");
  if (there) there.remove();
  $("survey").prepend(el("option", { value: "file" }, `your file ${name}`));
  $("survey").value = "file";
  $("place-form").hidden = false;
}

function look() {
  const side = $("side").value ? Number($("side").value) : null;
  done("Cutting", async () => shown(await sent("/api/look", { survey: $("survey").value, place: $("place").value, side_arcsec: side })));
}

function shown(found) {
  const is_new = !talk || talk.talk_id !== found.talk_id, had = talk && !is_new ? talk.turns.length : -1;
  talk = found;
  if (is_new || talk.turns.length !== had) chosen = talk.turns.length - 1;
  $("whole").hidden = $("ask-form").hidden = false;
  $("empty").hidden = true;
  if (is_new) {
    $("open").open = false;
    $("picture").src = `/api/talk/${talk.talk_id}/picture.png`;
    tellPicture();
    $("question").focus({ preventScroll: true });
  }
  tellKnown();
  tellTurns();
  drawOver();
}

const number = (value, unit, digits = 3) => (value === null ? "unknown" : `${Number(value).toPrecision(digits)} ${unit}`);

function tellPicture() {
  const { sight } = talk;
  $("name").textContent = sight.name;
  $("picture").alt = `The picture of ${sight.name} as the model gets it`;
  const facts = [["drawn", sight.drawn], ["model gets", `${sight.width_px} x ${sight.height_px} pixels`],
    ["image", `${sight.image_px.join(" x ")} pixels${sight.image_pixel_arcsec ? ` of ${number(sight.image_pixel_arcsec, "arcsec")}` : ""}`],
    ...(sight.ra_deg === null ? [["sky", "no WCS: boxes have no place on the sky"]] : [["centre", placeOf([sight.ra_deg, sight.dec_deg])]]),
    ...(sight.survey ? [["survey", sight.survey]] : []),
    ...(sight.beam_major_arcsec === null ? [] : [["beam", `${number(sight.beam_major_arcsec, "")}x ${number(sight.beam_minor_arcsec, "arcsec")}`]]),
    ...(sight.rms_mjy_per_beam === null ? [] : [["noise, peak", `${number(sight.rms_mjy_per_beam, "")}/ ${number(sight.peak_mjy_per_beam, "mJy/beam")}`]])];
  $("facts").replaceChildren(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  $("notes").replaceChildren(...sight.notes.map((one) => el("li", {}, one)));
  $("pointer").textContent = "\u00a0";
}

function tellKnown() {
  $("known").replaceChildren(...talk.choices.map((one) => el("option", { value: one.name, selected: one.name === talk.known.name }, one.told)));
  $("known").value = talk.known.name;
  const path = `/api/talk/${talk.talk_id}`;
  $("save").href = `${path}/conversation.json`;
  $("save-picture").href = `${path}/picture.png`;
  $("save-known").href = `${path}/annotations.json`;
  $("catalogued").disabled = !talk.known.boxes.length;
}

// -- words

function tellTurns() {
  $("turns").replaceChildren(...talk.turns.map((turn, at) => el("li", { class: at === chosen ? "turn chosen" : "turn" },
    el("p", { class: "question" }, turn.question),
    el("div", { class: "answer" }, ...turn.pieces.flatMap((piece) => sentence(piece, turn, at))),
    ...(turn.problem ? [el("p", { class: "meta doubt" }, turn.problem)] : []),
    ...turn.whole.map((one) => el("p", { class: "meta doubt" }, one.why)),
    turn.boxes.length ? el("ul", { class: "where mono" }, ...turn.boxes.map((box, k) => el("li", {}, whereOf(box, k)))) : null,
    el("details", {}, el("summary", {}, "what the checker read"), el("ul", { class: "claims" }, ...claimsOf(turn))),
    el("p", { class: "meta" }, el("span", {}, `${turn.seconds.toFixed(1)} s`), el("span", {}, `${turn.n_tokens[0]} tokens in, ${turn.n_tokens[1]} out`),
      el("span", {}, `temperature ${turn.temperature}, seed ${turn.seed}`),
      turn.boxes.length && at !== chosen ? el("button", { type: "button", class: "place", on: () => choose(at) }, "show its boxes") : null))));
  const last = $("turns").lastElementChild;
  if (last) last.scrollIntoView({ block: "nearest" });
}

function sentence(piece, turn, at) {
  const parts = piece.parts.map((part) => (part.box === null ? part.text : el("button", { type: "button", class: "place",
    "aria-label": `${part.text}, box ${part.box + 1}`, on: () => choose(at, part.box) }, part.text, el("sup", {}, String(part.box + 1)))));
  if (!piece.mark) return parts;
  return [el("span", { class: `said ${kind(piece.mark)}` }, ...parts),
    el("span", { class: `sign ${kind(piece.mark)}`, title: piece.claims.map((one) => one.why || one.says).join("; ") },
      `${SIGNS[piece.mark]} `, piece.mark)];
}

function claimsOf(turn) {
  const claims = turn.pieces.flatMap((piece) => piece.claims);
  return claims.length ? claims.map((one) => el("li", {}, el("span", { class: `mark ${kind(one.mark)}` }, `${SIGNS[one.mark]} ${one.mark}`), one.says,
    one.why ? el("span", { class: "soft" }, ` (${one.why})`) : "")) : [el("li", { class: "soft" }, "no claim")];
}

function whereOf(box, k) {
  const of = `${k + 1}${box.is_point ? ", a point" : ""}${box.is_from_pixels ? ", its numbers taken for pixels" : ""}`;
  const near = box.nearest ? `; shares ${Math.round(100 * box.nearest.iou)} % with ${box.nearest.name}` : "";
  if (!box.sky) return `${of}: no place on the sky${near}`;
  const size = box.is_point ? "" : `, ${box.sky.width_arcsec.toPrecision(3)} x ${box.sky.height_arcsec.toPrecision(3)} arcsec`;
  return `${of}: ${placeOf([box.sky.ra_deg, box.sky.dec_deg])}${size}${near}`;
}

function choose(at, box = -1) {
  chosen = at;
  $("boxes").checked = true;
  tellTurns();
  drawOver(box);
}

function ask() {
  const question = $("question").value.trim();
  if (!talk || !question) return;
  const asking = { question, temperature: Number($("temperature").value), top_p: Number($("top-p").value),
    max_tokens: Number($("tokens").value), seed: Number($("seed").value) };
  done("The model answers", async () => {
    shown(await sent(`/api/talk/${talk.talk_id}/ask`, asking));
    $("question").value = "";
  });
}

function takeBack(is_all) {
  if (!talk || !talk.turns.length) return;
  done("Taking back", async () => {
    const last = talk.turns[talk.turns.length - 1].question;
    shown(await sent(`/api/talk/${talk.talk_id}/back`, { is_all }));
    if (!is_all) $("question").value = last;
  });
}

// -- over the picture: pixels of it, from the left and the upper edge

function drawOver(lit = -1) {
  const { sight } = talk, over = $("over"), width = sight.width_px, height = sight.height_px;
  over.setAttribute("viewBox", `0 0 ${width} ${height}`);
  over.replaceChildren();
  if ($("grid").checked) drawGrid(over, sight);
  const size = 0.036 * Math.max(width, height);
  if ($("catalogued").checked) {
    const is_named = talk.known.boxes.length <= MOST_NAMED;
    for (const one of talk.known.boxes) drawBox(over, one.box, is_named ? `${one.name} ${one.labels.join(", ")}`.trim() : "", "box catalogued", size);
  }
  const turn = talk.turns[chosen];
  if (turn && $("boxes").checked) {
    turn.boxes.forEach((one, k) => drawBox(over, one.box, String(k + 1), `box answered ${one.mark ? kind(one.mark) : ""} ${k === lit ? "lit" : ""}`, size, one.is_point));
  }
  drawNorth(over, sight);
}

function drawBox(over, [x0, y0, x1, y1], name, of, size, is_point = false) {
  const { width_px: width, height_px: height } = talk.sight;
  const [left, top, right, bottom] = [x0 * width, y0 * height, x1 * width, y1 * height];
  over.append(is_point ? svg("circle", { class: of, cx: left, cy: top, r: size / 2 })
    : svg("rect", { class: of, x: left, y: top, width: right - left, height: bottom - top }));
  const y = of.includes("catalogued") ? Math.min(height - size * 0.2, bottom + size) : Math.max(size, top - size * 0.25);
  over.append(svg("text", { x: left, y, "font-size": size }, name));
}

function under(event) {
  const { sight } = talk, around = $("picture").getBoundingClientRect();
  const x = ((event.clientX - around.left) / around.width) * sight.width_px, down = ((event.clientY - around.top) / around.height) * sight.height_px;
  const place = skyAt(sight, x, sight.height_px - down);
  const part = `${(x / sight.width_px).toFixed(3)}, ${(down / sight.height_px).toFixed(3)}`;
  $("pointer").textContent = `${place ? `${placeOf(place)}  ` : ""}at ${part} of the picture`;
}

// -- by hand

function toggled(id) {
  if ($(id).disabled) return;
  $(id).checked = !$(id).checked;
  drawOver();
}

const KEYS = {
  o: () => $("file").click(), p: () => { $("open").open = true; $("place").focus(); }, "/": () => $("question").focus(),
  b: () => talk && toggled("boxes"), c: () => talk && toggled("catalogued"), g: () => talk && toggled("grid"), u: () => takeBack(false),
  "?": () => $("help-dialog").showModal(),
};
onKeys(KEYS);
closeDialogs();
$("help-button").addEventListener("click", KEYS["?"]);
$("file").addEventListener("change", () => { upload($("file").files[0]); $("file").value = ""; });
for (const [name, is_over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => { event.preventDefault(); $("drop").classList.toggle("over", is_over); });
}
document.addEventListener("drop", (event) => upload(event.dataTransfer.files[0]));
$("place-form").addEventListener("submit", (event) => { event.preventDefault(); look(); });
$("ask-form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
$("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); ask(); }
});
$("back").addEventListener("click", () => takeBack(false));
$("clear").addEventListener("click", () => takeBack(true));
$("known").addEventListener("change", () => done("Checking again", async () => shown(await sent(`/api/talk/${talk.talk_id}/known`, { name: $("known").value }))));
$("annotations").addEventListener("change", () => {
  const file = $("annotations").files[0];
  if (file) done(`Reading ${file.name}`, async () => shown(await (await asked(`/api/talk/${talk.talk_id}/annotations`,
    { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file })).json()));
  $("annotations").value = "";
});
for (const id of ["boxes", "catalogued", "grid"]) $(id).addEventListener("change", () => drawOver());
$("frame").addEventListener("pointermove", (event) => talk && under(event));
begin().catch((error) => say(error.message, "bad-text"));
