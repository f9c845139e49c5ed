// Orrery's tracker as a module: it loads t.js from the same server, and takes calls before that is there.
//   import { start, orrery } from "https://HOST/orrery.mjs";
//   start({ key: "WRITE KEY" });
//   orrery.event("add_to_cart", { items: [{ item_id: "SKU1" }] });
const host = new URL(import.meta.url).origin;

const call = (...command) => {
  const queue = (window.orrery = window.orrery || []);
  queue.push(command);
};

/** Loads the tracker; once, however often it is called. */
export function start(options = {}) {
  if (document.querySelector("script[data-orrery]")) return;
  const script = document.createElement("script");
  script.async = true;
  script.src = (options.host || host) + "/t.js";
  script.dataset.orrery = "";
  for (const [name, value] of Object.entries(options)) {
    if (name !== "host" && value !== undefined && value !== false) script.dataset[name] = value === true ? "" : String(value);
  }
  document.head.append(script);
}

export const orrery = {
  event: (name, fields) => call("event", name, fields),
  identify: (contact, attributes, hmac) => call("identify", contact, attributes, hmac),
  logout: () => call("logout"),
  consent: (given) => call("consent", given),
  flush: () => call("flush"),
  ready: (callback) => call("ready", callback),
  /** The visitor's id, as soon as the tracker is there. */
  visitor: () => new Promise((resolve) => call("ready", resolve)),
};

export default orrery;
