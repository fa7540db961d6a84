"use strict";
// What comes from tables, files and models is put into a page by textContent and attributes alone: none of it is markup.

export const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "class") made.className = value;
    else if (name === "on") made.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

export function svg(tag, given, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

export async function asked(path, given) {
  const answer = await fetch(path, given);
  if (!answer.ok) {
    let told = `${answer.status}`;
    try { told = (await answer.json()).error || told; } catch { /* not JSON: the number is told */ }
    throw new Error(told);
  }
  return answer;
}

export async function sent(path, body) {  // what the server answers to a JSON object
  return (await asked(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();
}

export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName)
    || (target.tagName === "INPUT" && !["checkbox"].includes(target.type)));
}

// `keys`: what each key does where nobody types and no dialog is open
export function onKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

export function closeDialogs() {  // by the buttons that say so
  for (const one of document.querySelectorAll("[data-close]")) one.addEventListener("click", () => one.closest("dialog").close());
}
