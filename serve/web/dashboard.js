// Orrery's dashboard: one live stream in, a few drawings out. No framework, no build step.
"use strict";

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const rounded = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const still = matchMedia("(prefers-reduced-motion: reduce)");

// el makes an element: el("a", {href}, "text", child). SVG elements come from svg().
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((c) => c || c === 0));
  return node;
}
const el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

// ---- Talking to the server

const secret = { get: () => sessionStorage.getItem("orrery-key"), set: (k) => sessionStorage.setItem("orrery-key", k) };

function ask(path, options = {}) {
  const headers = secret.get() ? { Authorization: "Bearer " + secret.get() } : {};
  return fetch(path, { ...options, headers });
}

async function json(path) {
  const response = await ask(path);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return body;
}

// follow reads the live stream for ever. EventSource cannot send a key, so the format is read here: a few lines suffice.
async function follow() {
  for (let pause = 500; ; pause = Math.min(pause * 2, 8000)) {
    try {
      const response = await ask("/v1/live");
      if (response.status === 401 || response.status === 403) return gate(true);
      if (!response.ok) throw new Error(response.statusText);
      gate(false);
      pause = 500;
      await read(response.body.pipeThrough(new TextDecoderStream()).getReader());
    } catch (error) {
      console.warn("live stream:", error);
    }
    setStatus("down", "no connection");
    await new Promise((done) => setTimeout(done, pause));
  }
}

async function read(reader) {
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) dispatch(text.slice(0, end));
  }
}

function dispatch(block) {
  let event = "", data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    if (line.startsWith("data: ")) data += line.slice(6);
  }
  const handler = { tick, history, trends }[event];
  if (handler && data) handler(JSON.parse(data));
}

function gate(shut) {
  $("gate").hidden = !shut;
  $("main").hidden = shut;
  if (shut) setStatus("wait", "locked");
}

function setStatus(state, text) {
  $("status").dataset.state = state;
  $("status").lastElementChild.textContent = text;
}

// ---- The curves

const kept = 180;
const series = { events: [], frames: [], p99: [], lag: [] };

function push(name, value) {
  const values = series[name];
  values.push(value);
  if (values.length > kept) values.shift();
}

function history(message) {
  for (const name in series) series[name].length = 0;
  for (const [, events, frames, lag, , p99] of message.rows) {
    push("events", events); push("frames", frames); push("lag", lag); push("p99", p99);
  }
}

// ceiling is the value at a curve's upper edge. A burst far above all the rest, such as the catching up after a start,
// runs out of the picture instead of flattening it.
function ceiling(values) {
  const sorted = [...values].sort((a, b) => a - b), most = sorted.at(-1) || 1, usual = sorted[Math.floor(sorted.length * 0.95)] || most;
  return Math.max(most > 4 * usual ? 1.5 * usual : 1.08 * most, 1);
}

// draw lays a curve over the last three minutes, newest at the right edge.
function draw(name) {
  const values = series[name], chart = $("spark-" + name), top = ceiling(values);
  const points = values.map((v, i) => `${kept - values.length + i + 1},${(100 - Math.min(v / top, 1) * 100).toFixed(2)}`);
  chart.setAttribute("viewBox", `1 0 ${kept - 1} 100`);
  if (!chart.firstChild) chart.append(svg("path", { class: "area" }), svg("path"));
  const line = points.length > 1 ? "M" + points.join("L") : "";
  chart.lastChild.setAttribute("d", line);
  chart.firstChild.setAttribute("d", line && `${line}L${kept},100L${kept - values.length + 1},100Z`);
}

// ---- The orrery: each kind of event is a planet. Near the sun lies what matters most to the shop; the more often
// a kind happens, the larger its planet and the faster it goes round.

const orbits = ["purchase", "begin_checkout", "add_to_cart", "view_item", "view_item_list", "search", "page_view"];
const planets = [];

function orbitOf(kind) {
  const i = orbits.indexOf(kind);
  return i < 0 ? 7 : i;
}

function buildOrrery() {
  const sky = $("orrery");
  sky.append(svg("circle", { r: 26, class: "glow" }), svg("circle", { r: 17, class: "glow" }), svg("circle", { r: 11, class: "sun" }));
  for (let i = 0; i < 7; i++) {
    const radius = 44 + i * 24;
    sky.append(svg("circle", { r: radius, class: "orbit" }));
    const body = svg("circle", { r: 4, fill: "currentColor" }), ring = svg("circle", { r: 9, class: "moon" });
    const group = svg("g", { class: "planet k" + i }, ring, body);
    sky.append(group);
    planets.push({ radius, body, ring, group, angle: i * 2.4 + 0.6, rate: 0, shown: 0 });
  }
  let last = performance.now();
  const turn = (now) => {
    const passed = Math.min((now - last) / 1000, 0.1);
    last = now;
    for (const p of planets) {
      p.shown += (p.rate - p.shown) * Math.min(passed * 2, 1);
      p.angle += passed * Math.log10(1 + p.shown) * 0.22;
      place(p);
    }
    if (!still.matches) requestAnimationFrame(turn);
  };
  planets.forEach(place);
  requestAnimationFrame(turn);
}

function place(p) {
  const size = 3.5 + 3.4 * Math.log10(1 + p.shown);
  p.body.setAttribute("r", size.toFixed(2));
  p.ring.setAttribute("r", (size + 4.5).toFixed(2));
  p.group.setAttribute("transform", `translate(${(p.radius * Math.cos(p.angle)).toFixed(2)} ${(-p.radius * Math.sin(p.angle)).toFixed(2)})`);
}

// ---- A tick of the stream

function unit(output, value, name) {
  output.replaceChildren(value, name ? el("small", null, name) : "");
}

function micros(us) {
  if (!us) return ["–", ""];
  return us < 1000 ? [rounded.format(us), "µs"] : [rounded.format(us / 1000), "ms"];
}

const rate = (n) => number.format(n < 10 ? Math.round(n * 10) / 10 : Math.round(n));

function tick(t) {
  const failing = (t.failing || []).filter((c) => c.name !== "caught_up" && c.name !== "lag");
  if (failing.length > 0) setStatus("down", failing.map((c) => `${c.name.replaceAll("_", " ")}: ${c.reason}`).join("; "));
  else setStatus(t.ready ? "live" : "behind", t.ready ? "live" : `catching up, ${number.format(t.lag)} to go`);
  push("events", t.events_per_second); push("frames", t.frames_per_second); push("p99", t.p99_us); push("lag", t.lag);
  unit($("events"), rate(t.events_per_second));
  unit($("frames"), rate(t.frames_per_second));
  unit($("p99"), ...micros(t.p99_us));
  unit($("lag"), number.format(t.lag), t.delay_ms > 1000 ? rounded.format(t.delay_ms / 1000) + " s" : t.lag === 1 ? "record" : "records");
  for (const name in series) draw(name);
  drawKinds(t);
  drawTotals(t.totals);
  drawFirst(t);
  drawEngine(t);
  drawRecent(t.recent_visitors || []);
}

const paces = new Map(); // events a second of each kind, smoothed over some seconds: rare kinds would flicker

function paceOf(name, now) {
  const before = paces.get(name) ?? now, after = before + (now - before) * 0.15;
  paces.set(name, after);
  return after < 0.05 ? 0 : after;
}

function drawKinds(t) {
  const rows = Object.keys(t.totals.events).map((name) => ({ name, total: t.totals.events[name], rate: paceOf(name, t.by_kind[name] || 0), orbit: orbitOf(name) }));
  for (const p of planets) p.rate = 0;
  for (const r of rows) if (r.orbit < 7) planets[r.orbit].rate += r.rate;
  rows.sort((a, b) => a.orbit - b.orbit || b.total - a.total);
  $("kinds").replaceChildren(...rows.slice(0, 10).map((r) => el("tr", null,
    el("td", null, el("i", { class: "k" + r.orbit }), r.name.replaceAll("_", " ")),
    el("td", null, r.rate ? rate(r.rate) : "–"),
    el("td", null, compact.format(r.total)))));
}

function money(amounts) {
  const all = Object.entries(amounts);
  if (!all.length) return "–";
  return all.map(([currency, amount]) => price(amount, currency, 0)).join(" + ");
}

function price(amount, currency, digits) {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: digits, minimumFractionDigits: digits }).format(amount);
  } catch {
    return amount + " " + (currency || "");
  }
}

function drawTotals(s) {
  const all = [["Revenue", money(s.revenue)], ["Orders", number.format(s.orders)], ["Buyers", number.format(s.buyers)],
    ["Visitors", number.format(s.visitors)], ["Contacts", number.format(s.contacts)],
    ...(s.leads ? [["Leads", number.format(s.leads)]] : []), ...(s.claims && s.claims.open ? [["Claims open", number.format(s.claims.open)]] : []), ["Sessions", number.format(s.sessions)],
    ["Products", number.format(s.products || s.items)],
    ...(s.hidden && s.hidden.unlisted ? [["Hidden: in no feed", number.format(s.hidden.unlisted)]] : []),
    ...(s.hidden && s.hidden.removed ? [["Hidden: taken out", number.format(s.hidden.removed)]] : []),
    ...(s.hidden && s.hidden.sold_out ? [["Hidden: sold out", number.format(s.hidden.sold_out)]] : []),
    ...(s.hidden && s.hidden.refused ? [["Feed rows refused", number.format(s.hidden.refused)]] : []), ["Events", number.format(s.total)]];
  $("totals").replaceChildren(...all.map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))));
}

// drawFirst marks what of the first steps has been done. The list is there until the three that matter are.
function drawFirst(t) {
  const s = t.totals, views = (s.events.page_view || 0) + (s.events.view_item || 0), open = s.claims ? s.claims.open : 0;
  const done = { server: "running", tracker: views && `first events seen: ${number.format(views)} views of ${number.format(s.visitors)} visitors`,
    feed: s.products && `feed: ${number.format(s.products)} products`, history: s.orders && `${number.format(s.orders)} orders, ${money(s.revenue)}`,
    orders: s.orders && !open && `${number.format(s.orders)} orders of ${number.format(s.buyers)} buyers`, frame: first.frames && "frames are asked for" };
  first.frames = first.frames || t.frames_per_second > 0;
  for (const [name, mark] of Object.entries(done)) {
    const step = $("first-" + name);
    step.classList.toggle("done", Boolean(mark));
    step.querySelector("output").textContent = mark || (name === "orders" && open ? `${number.format(open)} orders that only pages have told of` : "");
  }
  $("first").hidden = Boolean(views && s.products && s.orders);
}
const first = { frames: false };

function bytes(n) {
  const names = ["B", "KB", "MB", "GB"];
  let i = 0;
  for (; n >= 1000 && i < 3; i++) n /= 1000;
  return rounded.format(n) + " " + names[i];
}

function ago(seconds) {
  if (seconds < 90) return Math.round(seconds) + " s";
  if (seconds < 5400) return Math.round(seconds / 60) + " min";
  if (seconds < 129600) return Math.round(seconds / 3600) + " h";
  return Math.round(seconds / 86400) + " days";
}

function drawEngine(t) {
  const s = t.totals, models = Object.entries(s.bytes || {}).sort((a, b) => b[1] - a[1]), sum = models.reduce((n, m) => n + m[1], 0);
  let at = 0;
  $("memory").replaceChildren(...models.map(([, n], i) => {
    const width = sum ? (n / sum) * 1000 : 0, part = svg("rect", { class: "k" + Math.min(i, 7), x: at.toFixed(1), width: Math.max(width - 3, 1).toFixed(1), height: 10 });
    at += width;
    return part;
  }));
  $("memory-list").replaceChildren(...models.map(([name, n], i) => el("li", { class: "k" + Math.min(i, 7) }, el("i"), el("span", null, name.replaceAll("_", " ")), el("span", null, bytes(n)))));
  $("engine-note").textContent = sum ? bytes(sum) + " held" : "";
  const codes = Object.entries(s.deadletters_by_code || {}).sort((a, b) => b[1] - a[1]), rest = codes.length - 3;
  const reasons = codes.slice(0, 3).map(([code, n]) => `${code.replaceAll("_", " ")} ${number.format(n)}`).join(", ") + (rest > 0 ? `, and ${rest} more reasons` : "");
  const facts = [["Stream time", s.stream_time ? s.stream_time.slice(11, 19) : "–", s.stream_time ? s.stream_time.slice(0, 10) : ""],
    ["Snapshot", t.snapshot_age === null ? "none yet" : ago(t.snapshot_age) + " old", ""],
    ["Median frame", micros(t.p50_us).join(" "), ""],
    ...(s.bytes ? [["Duplicates dropped", number.format(s.duplicates), ""], ["Dead letters", number.format(s.deadletters), reasons]] : []), ["Bots", number.format(s.bots), ""]];
  $("health").replaceChildren(...facts.map(([name, value, note]) => el("div", null, el("dt", null, name), el("dd", null, value, note && el("small", null, note)))));
  $("version").textContent = "Orrery " + t.version;
}

// ---- Products

function hash(text) {
  let h = 2166136261;
  for (const c of text) h = Math.imul(h ^ c.codePointAt(0), 16777619);
  return h >>> 0;
}

// placeholder draws a small planet for a product without a picture, the same one each time.
function placeholder(item) {
  const h = hash(item.item_id), turn = ((h >> 8) % 60) - 30, size = 17 + ((h >> 16) % 5);
  return svg("svg", { class: "placeholder k" + (h % 7), viewBox: "-50 -50 100 100", "aria-hidden": "true" },
    svg("ellipse", { class: "ring", rx: 38, ry: 13, transform: `rotate(${turn})` }),
    svg("circle", { class: "body", r: size }),
    svg("text", { y: 7 }, [...(item.title || item.item_id)][0].toUpperCase()));
}

function picture(item) {
  const box = el("span", { class: "picture" });
  if (!item.image) return fill(box, null, [placeholder(item)]);
  const image = el("img", { src: item.image, alt: "", loading: "lazy", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.replaceWith(placeholder(item)));
  return fill(box, null, [image]);
}

function priceTag(item) {
  if (item.price === undefined || item.price === null) return null;
  if (item.sale_price) return el("span", { class: "price" }, el("b", null, price(item.sale_price, item.currency, 2)), el("s", null, price(item.price, item.currency, 2)));
  return el("span", { class: "price" }, price(item.price, item.currency, 2));
}

function proof(item) {
  const s = item.social || {};
  const text = s.viewing_now ? `${s.viewing_now} looking now` : s.bought_24h ? `${s.bought_24h} bought today` : s.viewed_24h ? `${s.viewed_24h} looked today` : "";
  return text && el("span", { class: "proof" }, text);
}

const evidence = {
  bought_together: "bought with", bought_after_viewing: "bought after", viewed_together: "looked at with", similar: "like", next: "next after", complements: "goes with", next_basket: "with",
};

function why(item) {
  const b = item.because || {}, parts = [];
  if (b.item_id) parts.push(`${evidence[item.recipe] || "from"} ${nameOf(b.item_id)}`);
  if (b.count) parts.push(`${rounded.format(b.count)} times`);
  return el("span", { class: "why" }, el("b", null, item.recipe.replaceAll("_", " "), el("small", null, item.score.toFixed(2))), parts.join(", "));
}

const titles = new Map(); // of products seen in answers
const nameOf = (id) => titles.get(id) || id;

function card(item, explain) {
  if (item.title) titles.set(item.item_id, item.title);
  return el("li", null, el("button", { class: "item", type: "button", title: item.item_id, onclick: () => pick(item.item_id) },
    picture(item), el("span", { class: "title" }, item.title || item.item_id), priceTag(item), proof(item), explain && why(item)));
}

let shownTrends = "";

function trends(frame) {
  const now = JSON.stringify(frame.items.map((i) => [i.item_id, i.social]));
  if (now === shownTrends) return; // pictures do not flicker
  shownTrends = now;
  $("trends").replaceChildren(...frame.items.map((i) => card(i, false)));
  $("trends-note").textContent = frame.items.length ? "" : "Nothing yet: the first events will show here";
  setTimeout(() => { // with nobody on the site to look at, a product will do
    if (looked || !frame.items.length) return;
    choose(frame.items[0].item_id);
    look();
  }, 1500);
}

// ---- The look: a frame, a product, a person

function choose(product) {
  $("product").value = product;
  if ([...$("frame").options].some((o) => o.value === "product_page")) $("frame").value = "product_page";
}

function pick(product) {
  choose(product);
  look();
  if ($("look-title").getBoundingClientRect().top > innerHeight * 0.7) $("look-title").scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
}

function drawRecent(visitors) {
  const box = $("recent");
  box.hidden = !visitors.length;
  if (box.matches(":hover") || box.contains(document.activeElement)) return; // nothing moves under a pointer
  box.replaceChildren(el("span", null, "On the site now"), ...visitors.map((v) => el("button", { type: "button", onclick: () => { $("visitor").value = v; look(); } }, v)));
  if (!looked && visitors.length) { $("visitor").value = visitors[0]; look(); }
}

let looked = 0; // how often

// look asks what the form says. An answer that comes when something else has been asked since is not shown.
async function look() {
  const turn = ++looked, ask = async (path) => {
    const answer = await json(path).catch((error) => error);
    if (turn !== looked) throw late;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const visitor = $("visitor").value.trim(), contact = $("contact").value.trim(), product = $("product").value.trim();
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ visitor, contact, product })) if (value) query.set(name, value);
  query.set("n", 8);
  await part($("answer"), () => showFrame(ask, $("frame").value, query)); // first: it brings the titles
  await Promise.all([
    part(null, () => showSocial(ask, product, visitor)),
    part(null, () => showPerson(ask, visitor, contact)),
  ]);
}

const late = new Error("something else has been asked since");

async function part(note, work) {
  try { await work(); } catch (error) {
    if (note && error !== late) { note.textContent = error.message; note.className = "answer bad"; }
  }
}

async function showFrame(ask, frame, query) {
  const f = await ask(`/v1/frames/${encodeURIComponent(frame)}?${query}`);
  $("answer").className = "answer";
  $("answer").textContent = f.items.length ? `${f.frame.replaceAll("_", " ")}, ${f.items.length} items in ${f.took_us} µs, ${f.recommendation}` : "This frame is empty for them";
  $("shown").replaceChildren(...f.items.map((i) => card(i, true)));
}

function facts(all) {
  return el("dl", { class: "facts" }, ...all.map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))));
}

async function showSocial(ask, product, visitor) {
  const panel = $("social");
  panel.hidden = !product;
  if (!product) return;
  const s = await ask(`/v1/social/${encodeURIComponent(product)}?visitor=${encodeURIComponent(visitor)}`);
  const count = (n) => (n === null ? "too few" : number.format(n));
  const known = await ask(`/v1/products/${encodeURIComponent(product)}`).catch((error) => { if (error === late) throw error; return {}; });
  const why = known.hidden ? `Not shown${known.shown_as ? `, but by ${known.shown_as}` : ""}: ${known.why}.` : "";
  panel.replaceChildren(el("h3", null, nameOf(product)), el("p", null, nameOf(product) === product ? "What others do with it" : product), ...(why ? [el("p", null, why)] : []),
    facts([["Looking now", count(s.viewing_now)], ["Looked, 24 h", count(s.viewed_24h)], ["In carts, 24 h", count(s.carted_24h)], ["Bought, 24 h", count(s.bought_24h)]]));
}

async function showPerson(ask, visitor, contact) {
  const panel = $("person"), id = contact || visitor;
  panel.hidden = !id;
  if (!id) return;
  let p;
  try {
    p = await ask(`/v1/${contact ? "contacts" : "visitors"}/${encodeURIComponent(id)}`);
  } catch (error) {
    if (error === late) throw error;
    panel.replaceChildren(el("h3", null, id), el("p", null, error.message));
    return;
  }
  const list = (title, items, line) => items.length ? [el("h4", null, title), el("ul", { class: "lines" }, ...items.slice(0, 6).map((x) => el("li", null, ...line(x).map((text) => el("span", null, text)))))] : [];
  const since = (time) => ago(Math.max((Date.now() - Date.parse(time)) / 1000, 0)) + " ago";
  panel.replaceChildren(...[
    el("h3", null, p.contact || id),
    el("p", null, [p.contact && p.contact !== id ? "as " + id : p.contact ? "known contact" : "anonymous visitor", p.bot ? "a bot" : "", p.last_seen ? "last seen " + since(p.last_seen) : ""].filter(Boolean).join(", ")),
    facts([["Sessions", number.format(p.sessions)], ["Events", number.format(p.events)], ["Orders", number.format(p.order_count)], ["Spent", money(p.spent)]]),
    ...customerFacts(p.customer),
    ...forecastFacts(p),
    ...list("In the cart", p.cart, (x) => [nameOf(x.item_id), x.quantity > 1 ? "× " + x.quantity : since(x.time)]),
    ...list("Looked at", p.viewed, (x) => [nameOf(x.item_id), since(x.time)]),
    ...list("Orders", p.orders, (x) => [x.order || "order", x.cancelled ? "cancelled" : price(x.value, x.currency, 2)])].filter(Boolean));
}

// ---- The customers: who they are, and whether the forecasts hold

const share = (p) => (p < 0.0995 && p > 0 ? rounded.format(p * 100) : Math.round(p * 100)) + " %";
const side = 80; // of a cell

// wrap breaks a text between words into lines of so many letters.
function wrap(text, most) {
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last && last.length + 1 + word.length <= most) lines[lines.length - 1] += " " + word;
    else lines.push(word);
  }
  return lines;
}

// drawGrid draws the 25 cells as a heat map, the newest customers on top, with the segments, all of them rectangles,
// outlined and named.
function drawGrid(r) {
  const most = Math.max(...r.grid.map((c) => c.customers), 1), segments = new Map();
  const parts = [svg("rect", { class: "segment", x: 0, y: 0, width: 5 * side, height: 5 * side, rx: 8 })];
  for (const c of r.grid) {
    const x = (c.f - 1) * side, y = (5 - c.r) * side;
    parts.push(svg("rect", { class: "cell", x, y, width: side, height: side, "fill-opacity": (0.58 * Math.sqrt(c.customers / most)).toFixed(3) },
      svg("title", null, `${c.segment}: ${number.format(c.customers)} with recency ${c.r} and frequency ${c.f}`)));
    const s = segments.get(c.segment) || { n: 0, x, y, right: 0, bottom: 0 };
    segments.set(c.segment, { n: s.n + c.customers, x: Math.min(s.x, x), y: Math.min(s.y, y), right: Math.max(s.right, x + side), bottom: Math.max(s.bottom, y + side) });
  }
  for (const [name, s] of segments) {
    const lines = [...wrap(name, 11), r.customers ? share(s.n / r.customers) : ""]; // within a cell: the next has another colour
    parts.push(svg("rect", { class: "edge", x: s.x, y: s.y, width: s.right - s.x, height: s.bottom - s.y }),
      ...lines.map((text, i) => svg("text", { x: s.x + 7, y: s.y + 20 + 15 * i }, text)));
  }
  for (let i = 1; i <= 5; i++) {
    parts.push(svg("text", { class: "axis", x: -10, y: (5 - i) * side + side / 2 + 4, "text-anchor": "end" }, String(i)),
      svg("text", { class: "axis", x: (i - 1) * side + side / 2, y: 5 * side + 17, "text-anchor": "middle" }, String(i)));
  }
  $("grid").replaceChildren(...parts);
  $("customers-note").textContent = `${number.format(r.customers)} who have bought, as of ${r.day}${r.gate ? "; " + r.gate : ""}`;
}

// drawReliability draws what was forecast against what came, each bin with the interval that chance explains.
function drawReliability(c) {
  const width = 5 * side, top = Math.min(1, Math.ceil(10 * Math.max(...c.bins.map((b) => Math.max(b.predicted, b.observed)))) / 10 || 1);
  const at = (p) => Math.min(p / top, 1) * width, up = (p) => width - at(p);
  const parts = [svg("rect", { class: "frame", width, height: width, rx: 8 })];
  for (let i = 0; i <= 4; i++) {
    const p = (top * i) / 4;
    if (i % 4) parts.push(svg("line", { class: "rule", x1: 0, x2: width, y1: up(p), y2: up(p) }), svg("line", { class: "rule", y1: 0, y2: width, x1: at(p), x2: at(p) }));
    parts.push(svg("text", { class: "axis", x: -8, y: up(p) + 4, "text-anchor": "end" }, share(p)), svg("text", { class: "axis", x: at(p), y: width + 18, "text-anchor": i < 4 ? "middle" : "end" }, i ? share(p) : ""));
  }
  parts.push(svg("line", { class: "ideal", x1: 0, y1: width, x2: width, y2: 0 }),
    svg("path", { class: "line", d: "M" + c.bins.map((b) => `${at(b.predicted).toFixed(1)},${up(b.observed).toFixed(1)}`).join("L") }));
  for (const b of c.bins) {
    const spread = 1.96 * Math.sqrt((b.observed * (1 - b.observed)) / b.customers), x = at(b.predicted);
    parts.push(svg("line", { class: "whisker", x1: x, x2: x, y1: up(Math.max(0, b.observed - spread)), y2: up(Math.min(top, b.observed + spread)) }),
      svg("circle", { class: "dot", cx: x, cy: up(b.observed), r: 5.5 },
        svg("title", null, `${number.format(b.customers)} customers: forecast ${share(b.predicted)}, came ${share(b.observed)}`)));
  }
  parts.push(svg("text", { class: "axis", x: width / 2, y: width + 34, "text-anchor": "middle" }, "forecast"), svg("text", { class: "axis", x: 9, y: 18 }, "came"));
  $("reliability").replaceChildren(...parts);
}

function drawFit(m) {
  const c = m.calibration;
  $("reliability").toggleAttribute("hidden", !c);
  $("fit-gate").hidden = !!c;
  if (c) {
    drawReliability(c);
    $("fit-note").textContent = `A purchase within ${c.days} days, as a fit of ${c.from} saw it, in tenths of ${number.format(c.customers)} customers`;
  } else {
    $("fit-note").textContent = "A purchase within 28 days";
    $("fit-gate").replaceChildren(el("b", null, m.gate ? "Not enough to go by" : "Not known yet"),
      m.gate ? `${m.gate[0].toUpperCase() + m.gate.slice(1)}: until there is more, every answer is the base rate of customers alike, and says so.` : "Purchases do not reach back far enough to ask the past.");
  }
  const facts = [];
  if (m.model) {
    facts.push(["Model", m.model.name, `fitted to ${m.model.recent ? "the recent half" : "all time"} up to ${m.fitted.replaceAll("-", "\u2011")}`],
      ["Parameters", "", Object.entries(m.model.params).map(([n, v]) => `${n} ${v.toPrecision(3)}`).join(", ")]);
  }
  if (c) {
    facts.push(["Log loss", c.log_loss.toFixed(3), `base rates alone ${c.base_rate_log_loss.toFixed(3)}`],
      ["Off by", rounded.format(c.ece * 100) + " points", "expected calibration error"]);
  }
  if (m.fit) facts.push(["Learning", m.fit.state, m.fit.reason]);
  if (m.base_rate_28 !== null) facts.push(["Bought within 28 days", share(m.base_rate_28), "of those who were customers before"]);
  $("fit").replaceChildren(...facts.map(([name, value, note]) => el("div", null, el("dt", null, name), el("dd", null, value, note && el("small", null, note)))));
}

async function showCustomers() {
  try {
    const [r, m] = await Promise.all([json("/v1/rfm"), json("/v1/models")]);
    drawGrid(r);
    drawFit(m);
    $("customers").hidden = false;
  } catch {
    $("customers").hidden = true; // nobody known has bought yet
  }
}

// customerFacts are the facts of a person that has bought.
function customerFacts(c) {
  if (!c) return [];
  const all = [["Segment", c.rfm.segment || "–"], ["Last bought", c.rfm.recency_days ? ago(c.rfm.recency_days * 86400) + " ago" : "today"]];
  if (c.churn) all.push(["Still a customer", share(c.churn.alive)]);
  if (c.buy) all.push([c.gate ? "Buys in 28 days, base" : "Buys in 28 days", share(c.buy.days_28)]);
  if (c.next_purchase) all.push(["Next purchase", c.next_purchase.median_days === null ? "perhaps never" : "in " + ago(c.next_purchase.median_days * 86400)]);
  if (c.year) all.push(["A year's spend", price(c.year.spend, c.currency, 0)]);
  return [el("h4", null, "As a customer"), facts(all), c.gate && el("p", null, c.gate)];
}

// forecastFacts are what a person is likely to do next, each with what it rests on.
function forecastFacts(p) {
  const now = p.intent, later = p.outlook, mail = p.mail, all = [], notes = [];
  const hour = (h) => String(h).padStart(2, "0") + ":00 UTC";
  if (now) all.push([now.gate ? "Buys in this session, base" : "Buys in this session", share(now.session_probability)]);
  if (later) all.push([later.gate ? "Buys in 7 days, base" : "Buys in 7 days", share(later.days_7)], [later.gate ? "Buys in 28 days, base" : "Buys in 28 days", share(later.days_28)]);
  if (mail && !mail.gate) {
    all.push([mail.exploring ? "Write at, to learn" : "Best hour to write", hour(mail.best_hour_utc)]);
    notes.push(`A mail at ${hour(mail.best_hour_utc)} is answered with ${share(mail.answer_probability)}, at any hour with ${share(mail.any_hour_probability)}; ` +
      `${number.format(mail.evidence.sent)} sent, ${rounded.format(mail.evidence.answers)} answered of late.`);
  }
  if (!all.length) return [];
  if (later && later.gate) notes.unshift("For want of data: " + later.gate + ".");
  const reasons = ((now && !now.gate ? now : later) || {}).because || [];
  const lines = (title, list) => (list.length ? [el("h4", null, title), el("ul", { class: "lines" }, ...list.map(([a, b]) => el("li", null, el("span", { title: a }, a), el("span", null, b))))] : []);
  const next = (now && now.next_category && now.next_category.next) || [];
  return [el("h4", null, "What comes next"), facts(all),
    ...lines("Most behind it", reasons.map((r) => [r.feature + (r.value && r.value !== 1 ? ", " + rounded.format(r.value) : ""), r.effect < 0 ? "lowers it" : "raises it"])),
    ...lines("Buys what they look at", now && now.product ? [[nameOf(now.product.item_id), share(now.product.probability) + (now.product.gate ? ", base" : "")]] : []),
    ...lines("Category looked at next", next.map((n) => [n.category.split(" > ").at(-1), share(n.probability)])),
    ...notes.map((text) => el("p", { class: "note" }, text))];
}

// ---- Quality: what the frames would have shown before the clicks that were sampled

async function showQuality() {
  try {
    const { frames } = await json("/v1/quality");
    const told = frames.map((f) => {
      const w = f.windows.find((w) => w.samples >= 50);
      return w && `${f.frame.replaceAll("_", " ")}: the next click among ${f.k} in ${share(w.hr)} of ${number.format(w.samples)} (last ${w.window}, MRR ${w.mrr.toFixed(3)}, ${share(w.coverage)} of the products shown)`;
    }).filter(Boolean);
    $("quality").textContent = told.join(" · ");
    $("quality").hidden = !told.length;
  } catch {
    $("quality").hidden = true;
  }
}

// ---- Start

async function start() {
  buildOrrery();
  $("gate").addEventListener("submit", (e) => { e.preventDefault(); secret.set($("key").value); $("key").value = ""; begin(); });
  $("look").addEventListener("submit", (e) => { e.preventDefault(); look(); });
  $("frame").addEventListener("change", look);
  begin();
}

async function begin() {
  await part(null, async () => {
    const { frames } = await json("/v1/frames");
    $("frame").replaceChildren(...frames.map((name) => el("option", { value: name }, name.replaceAll("_", " "))));
    const first = ["home_page", "for_you"].find((name) => frames.includes(name));
    if (first) $("frame").value = first;
  });
  const slow = () => { showCustomers(); showQuality(); };
  slow();
  clearInterval(slowTimer);
  slowTimer = setInterval(slow, 15000);
  follow();
}

let slowTimer = 0;

start();
