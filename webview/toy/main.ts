/** The page of the 2-D picture of the method. */
import "../ui/base.css";
import "../ui/icons.css";
import "../ui/editor.css";
import "../ui/toast.css";
import "./toy.css";
import type { ToyProtocol } from "../../src/core/protocol/toy.ts";
import type { ToyFrame, ToyMessage, ToyStart } from "../../src/core/toy/messages.ts";
import type { ToySettings } from "../../src/core/toy/settings.ts";
import { defineControls } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { Messenger } from "../ui/messenger.ts";
import { Toast } from "../ui/toast.ts";
import { Pictures } from "./pictures.ts";
import { Player } from "./player.ts";
import { SettingsForm } from "./settingsForm.ts";
import { loadViewState, saveViewState } from "./viewState.ts";

defineControls();
const messenger = new Messenger<ToyProtocol>();
const toast = new Toast();
const state = loadViewState();
let start: ToyStart | null = null;
let frames: ToyFrame[] = [];
let atWork = false;
let trusted = true;

const run = async (settings: ToySettings): Promise<void> => {
  state.settings = settings;
  player.follow();
  await messenger.request("run", settings).then(() => {
    atWork = true;
  }, toast.refuse);
  show();
};
const form = new SettingsForm(state.settings, {
  run: (settings) => void run(settings),
  stop: () => void messenger.request("stop", {}).catch(toast.refuse),
});
const player = new Player(state.frame, (frame) => {
  state.frame = frame;
  show();
});
const pictures = new Pictures();
const status = element("p", { class: "status", role: "status" });
const trust = element("button", { class: "link", type: "button" }, "Manage Workspace Trust");
trust.addEventListener("click", () => void messenger.request("manageTrust", {}).catch(toast.refuse));
const restricted = element(
  "p",
  { class: "restricted", hidden: "" },
  "No process is started in Restricted Mode. ",
  trust,
);

function show(): void {
  saveViewState(state);
  form.update({ atWork, trusted });
  player.update(frames, start?.frames ?? 0);
  pictures.update(start, frames, player.shown);
  restricted.hidden = trusted;
  status.textContent = statusText();
}

function statusText(): string {
  if (start === null) return atWork ? "Starting …" : "";
  const { frames: expected, backend } = start;
  if (atWork) return `Training with ${backend}: ${frames.length} of ${expected} moments`;
  return frames.length < expected ? `Stopped after ${frames.length} of ${expected} moments` : `Trained with ${backend}`;
}

function take(message: ToyMessage): void {
  if (message.kind === "frame") frames.push(message);
  else {
    start = message;
    frames = [];
  }
}

messenger.on("message", (message) => {
  atWork = true;
  take(message);
  show();
});
messenger.on("ended", ({ error }) => {
  atWork = false;
  if (error !== null) toast.refuse(error);
  show();
});
messenger.on("trusted", () => {
  trusted = true;
  if (start === null) void run(state.settings);
});

document.body.append(
  element(
    "main",
    {},
    element("header", { class: "page-head" }, element("h1", {}, "Primer in 2-D"), form.element, status),
    restricted,
    player.element,
    pictures.element,
    element(
      "p",
      { class: "explanation" },
      "Each point is an image of two pixels. Pretraining shows the network one of them at a time, so it learns the two marginals and draws the primer: the right histograms, nothing that joins them. Finetuning on both bends the primer into the target. The other network sees both from the first step on, at the same cost.",
    ),
  ),
  toast.element,
);
void messenger.request("ready", {}).then((known) => {
  ({ atWork, trusted } = known);
  for (const message of known.messages) take(message);
  show();
  if (start === null && !atWork && trusted) void run(state.settings);
}, toast.refuse);
