"use strict";
// The live list of approvals. Text from elsewhere is only ever put in as text.

const API = "/api/v1/approvals";
const WAIT_MS = 25000;
const CODE = new Set(["address", "arguments", "command", "content", "file", "domain", "session", "recipient"]);
const chosen = location.pathname.split("/")[2] || null;
const find = (id) => document.getElementById(id);
let version = null;
let asked = false;

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// Masked values stand out, so that a person sees that something was there.
function shown(text) {
  const made = element("dd");
  for (const part of text.split(/(\[redacted:[^\]]*\])/)) {
    made.append(part.startsWith("[redacted:") ? element("mark", part) : part);
  }
  return made;
}

function time(text) {
  return new Date(text).toLocaleString();
}

function title(one) {
  const line = (name) => (one.about.find((each) => each.name === name) || {}).text;
  const what = [line("action"), line("tool")].filter(Boolean).join(" · ") || "an action";
  const where = line("domain") || line("recipient's domain") || line("application") || line("file");
  return where ? `${what} → ${where}` : what;
}

function when(one) {
  const asked = one.times > 1 ? `asked ${one.times} times since ${time(one.asked_at)}` : `asked ${time(one.asked_at)}`;
  switch (one.state) {
    case "pending": {
      const left = one.persons - one.votes.length;
      return `${asked}, until ${time(one.expires_at)}; ${left} of ${one.persons} must approve`;
    }
    case "approved": return `approved, not yet done; until ${time(one.expires_at)}`;
    case "used": return `approved, and done ${time(one.changed_at)}`;
    default: return `${one.state} ${time(one.changed_at)}`;
  }
}

function fill(card, one) {
  card.id = one.id;
  card.classList.toggle("chosen", one.id === chosen);
  card.dataset.state = JSON.stringify([one.state, one.votes.length, one.times]);
  card.querySelector("h3").textContent = title(one);
  card.querySelector(".when").textContent = when(one);
  card.querySelector(".reasons").replaceChildren(...one.reasons.map((each) => element("li", each.title)));
  const lines = one.about.flatMap((line) => {
    const text = shown(line.text);
    text.classList.toggle("code", CODE.has(line.name));
    return [element("dt", line.name), text];
  });
  card.querySelector("dl").replaceChildren(...lines);
  card.querySelector(".votes").replaceChildren(...one.votes.map((vote) => {
    const said = vote.choice === "approve" ? "approved" : "denied";
    return element("li", `${vote.person} ${said} it ${time(vote.at)}${vote.comment ? `: ${vote.comment}` : ""}`);
  }));
  const approve = card.querySelector("[value=approve]");
  approve.hidden = one.state === "approved";
  card.querySelector("[value=deny]").textContent = one.state === "approved" ? "Take back" : "Deny";
}

function made(one) {
  const card = find("card").content.firstElementChild.cloneNode(true);
  fill(card, one);
  card.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    decide(card, one.id, event.submitter.value);
  });
  return card;
}

// What a person is typing stays: a card that is there already is changed, not made anew.
function show(list) {
  const isOpen = (one) => one.state === "pending" || one.state === "approved";
  const open = list.approvals.filter(isOpen);
  const cards = open.map((one) => {
    const card = document.querySelector(`#open > [id="${one.id}"]`);
    if (!card) return made(one);
    const state = JSON.stringify([one.state, one.votes.length, one.times]);
    if (card.dataset.state !== state) fill(card, one);
    return card;
  });
  const place = find("open");
  cards.forEach((card, at) => {
    if (place.children[at] !== card) place.insertBefore(card, place.children[at] || null);
  });
  while (place.children.length > cards.length) place.lastElementChild.remove();
  find("over").replaceChildren(...list.approvals.filter((one) => !isOpen(one)).slice(0, 50).map((one) => {
    const card = made(one);
    card.querySelector("form").remove();
    if (one.id !== chosen) card.querySelector("dl").remove();
    return card;
  }));
  find("nothing").hidden = open.length > 0;
  find("status").textContent = `${list.open} open`;
  document.title = `${list.open ? `(${list.open}) ` : ""}Approvals · Magistrate`;
  if (chosen && !asked) {
    asked = true;
    const card = find(chosen);
    if (card) card.scrollIntoView();
    else find("status").textContent += "; the one asked for is not known, or long over";
  }
}

async function decide(card, id, choice) {
  const form = card.querySelector("form");
  const buttons = [...form.querySelectorAll("button")];
  const fault = form.querySelector(".fault");
  const comment = form.elements.comment.value.trim();
  fault.textContent = "";
  buttons.forEach((button) => { button.disabled = true; });
  try {
    const answer = await fetch(`${API}/${id}/${choice}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-magistrate-page": "approvals" },
      body: JSON.stringify(comment ? { comment } : {}),
    });
    if (answer.status === 401) return location.reload();
    const told = await answer.json();
    if (!answer.ok) fault.textContent = told.error;
    else {
      form.reset();
      find("waiting").focus();
    }
  } catch (error) {
    fault.textContent = `The decision did not arrive: ${error.message}`;
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

async function follow() {
  let pause = 1000;
  for (;;) {
    try {
      const query = version === null ? "" : `?after=${version}&wait_ms=${WAIT_MS}`;
      const answer = await fetch(API + query);
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const list = await answer.json();
      version = list.version;
      show(list);
      pause = 1000;
    } catch (error) {
      version = null;
      find("status").textContent = `No answer from magistrate (${error.message}); trying again`;
      await new Promise((resolve) => { setTimeout(resolve, pause); });
      pause = Math.min(pause * 2, 30000);
    }
  }
}

find("sign-out").addEventListener("click", async () => {
  await fetch("/sign-out", { method: "POST", headers: { "x-magistrate-page": "approvals" } });
  location.assign("/approvals");
});
follow();
