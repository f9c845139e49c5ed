// The demo shop's pages: frames asked for while the page loads, events sent back by the tracker.
"use strict";

const orrery = (window.orrery = window.orrery || []);
const main = document.getElementById("main");
const linked = document.querySelector('script[type="application/ld+json"]');
const product = linked && JSON.parse(linked.text);
const cart = JSON.parse(localStorage.getItem("demo-cart") || "[]");

function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) {
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v !== undefined) e.setAttribute(k, v);
  }
  e.append(...children.filter((c) => c));
  return e;
}

const picture = (id) => "/demo/img/" + encodeURIComponent(id) + ".svg";
const money = (amount, currency) => new Intl.NumberFormat("en", currency ? { style: "currency", currency } : {}).format(amount);
const visitor = () => (document.cookie.match(/(?:^|; )_orrery_vid=(\w+)/) || [])[1] || "";

// ---- Shelves

const names = {
  home_page: "For you", for_you: "For you", trending: "Trending now", recently_viewed: "You looked at", product_page: "Goes well with it", bought_together: "Often bought together",
  viewed_together: "Others also looked at", similar: "Much like it", new: "New", on_sale: "On sale", cart_page: "To go with your cart",
};

function card(item) {
  const s = item.social || {}, b = item.because || {};
  const proof = s.viewing_now ? `${s.viewing_now} looking now` : s.bought_24h ? `${s.bought_24h} bought today` : "";
  const price = item.price === undefined ? null : item.sale_price
    ? el("span", { class: "price" }, money(item.sale_price, item.currency), el("s", null, money(item.price, item.currency)))
    : el("span", { class: "price" }, money(item.price, item.currency));
  return el("a", { href: "/demo/p/" + encodeURIComponent(item.item_id), "data-orrery-item": item.item_id, title: b.item_id ? `${item.recipe}, from ${b.item_id}` : item.recipe },
    el("img", { src: picture(item.item_id), alt: "", loading: "lazy" }), item.title || item.item_id, price, proof && el("span", { class: "proof" }, proof),
    el("span", { class: "why" }, item.recipe.replaceAll("_", " ")));
}

function shelf(frame) {
  if (!frame.items || !frame.items.length) return;
  main.append(el("section", { "data-orrery-recommendation": frame.recommendation }, el("h2", null, names[frame.frame] || frame.frame.replaceAll("_", " ")), el("div", { class: "shelf" }, ...frame.items.map(card))));
  orrery.push(["event", "view_item_list", { recommendation: frame.recommendation, items: frame.items.map((i) => ({ item_id: i.item_id })) }]);
}

async function shelves(wanted) {
  const known = (await (await fetch("/v1/frames")).json()).frames;
  const body = { visitor: visitor(), product: product ? product.sku : "", cart: cart.map((i) => i.item_id), dedupe: true, exclude: product ? [product.sku] : [],
    frames: wanted.filter((f) => known.includes(f)).map((frame) => ({ frame, n: 6, ...(product ? { product: product.sku } : {}) })) };
  if (!body.frames.length) return;
  const answer = await (await fetch("/v1/frames", { method: "POST", body: JSON.stringify(body) })).json();
  (answer.frames || []).forEach(shelf);
}

// ---- The product

function showProduct() {
  document.title = product.name;
  const proof = el("p", { class: "proof" });
  const item = { item_id: product.sku, item_name: product.name, price: product.offers && product.offers.price };
  main.append(el("div", { class: "product" }, el("img", { src: picture(product.sku), alt: "" }),
    el("div", null, el("p", { class: "path" }, [product.brand, product.category].filter(Boolean).join(", ")), el("h1", null, product.name),
      el("p", { class: "price" }, product.offers ? money(product.offers.price, product.offers.priceCurrency) : ""), proof,
      el("button", { type: "button", onclick: () => add(item) }, "Add to cart"))));
  fetch(`/v1/social/${encodeURIComponent(product.sku)}?visitor=${visitor()}`).then((r) => r.json()).then((s) => {
    const parts = [s.viewing_now && `${s.viewing_now} others look at it now`, s.bought_24h && `${s.bought_24h} bought it today`, !s.viewing_now && s.viewed_24h && `${s.viewed_24h} looked at it today`];
    proof.textContent = parts.filter(Boolean).join(", ");
  });
}

// ---- The cart

function keep() {
  localStorage.setItem("demo-cart", JSON.stringify(cart));
  const button = document.getElementById("cart");
  button.hidden = !cart.length;
  button.textContent = `Buy ${cart.length} ${cart.length === 1 ? "product" : "products"}`;
}

function add(item) {
  cart.push(item);
  orrery.push(["event", "add_to_cart", { items: [item], currency: product.offers && product.offers.priceCurrency }]);
  keep();
}

function buy() {
  const value = cart.reduce((sum, i) => sum + (i.price || 0), 0);
  orrery.push(["event", "purchase", { order: "demo-" + Date.now().toString(36), items: cart.splice(0), value: Math.round(value * 100) / 100, currency: "EUR" }], ["flush"]);
  keep();
}

document.getElementById("cart").addEventListener("click", buy);
keep();
if (product) showProduct();
shelves(product ? ["product_page", "viewed_together", "similar", "recently_viewed"] : ["home_page", "recently_viewed", "trending", "new", "on_sale"]);
