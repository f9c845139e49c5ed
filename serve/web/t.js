/* Orrery's tracker. <script async src="https://HOST/t.js" data-key="WRITE KEY" [data-shop data-consent="required" data-debug]></script>
orrery = window.orrery || []; orrery.push(["event", "add_to_cart", {items: [{item_id: "SKU1"}]}], ["identify", "anna@example.com", {name: "Anna"}, HMAC], ["consent", true], ["ready", visitor => ...])
By itself, once a page, also after pushState: page_view; view_item of the page's own product, from <x data-orrery-view="SKU1">, dataLayer, JSON-LD or microdata; search; user_engagement when it is left.
GA4's and Universal Analytics' e-commerce events of dataLayer and gtag, and their consent (data-layer="off": not); clicks on <x data-orrery-item="SKU1" [data-orrery-event="add_to_cart"]>, within
<x data-orrery-recommendation="r-..."> as select_item; <form data-orrery-identify> with a mail field; video. Until consent, or with DNT or GPC, ids live as long as the page. Never throws: data-debug tells. */
(function (w, d, n) {
  var me = d.currentScript, set = me.dataset, queue = [], tried = 0, page, contact, proof, wait, own = {}, used = "", views, begun, shown, scrolled, here, from = String(d.referrer), layer, debug = "debug" in set || /orrery-debug/.test(location.hash);
  var host = new URL(me.src).origin, to = host + "/v1/events?" + new URLSearchParams({ key: set.key || "", shop: set.shop || "" });
  var may = set.consent !== "required" && n.doNotTrack !== "1" && !n.globalPrivacyControl, types = "Product ProductGroup IndividualProduct ProductModel Vehicle Book".split(" ");
  var known = /^(view_item(_list)?|select_item|(add_to|remove_from)_(cart|wishlist)|view_cart|begin_checkout|add_(shipping|payment)_info|purchase|search|view_search_results|(view|select)_promotion)$/;
  function say(what, more) { if (debug) try { console[/^(no|cannot) /.test(what) ? "warn" : "log"]("orrery: " + what, more); api.log.push([what, more]); d.dispatchEvent(new Event("orrery")); } catch (e) {} }
  function safe(f) { return function () { try { return f.apply(this, arguments); } catch (e) { say("cannot go on", e); } }; }
  function on(x, name, f, how) { x.addEventListener(name, safe(f), how); }
  function json(x) { // old libraries teach arrays to be written as texts
    var p = Array.prototype, old = p.toJSON;
    if (!old) return JSON.stringify(x);
    delete p.toJSON;
    try { return JSON.stringify(x); } finally { p.toJSON = old; }
  }
  function random() {
    var s = "", a = crypto.getRandomValues(new Uint8Array(16)), i = 0;
    for (; i < 16; i++) s += (a[i] + 256).toString(16).slice(1);
    return s;
  }
  function visitor() {
    var id = page;
    try {
      id = may && (d.cookie.match(/(?:^|; )_orrery_vid=(\w+)/) || [])[1] || page;
      id = id || (page = random());
      if (may) d.cookie = "_orrery_vid=" + id + ";path=/;max-age=34128000;samesite=lax" + (location.protocol === "https:" ? ";secure" : "");
    } catch (e) { id = id || (page = random()); } // a frame without cookies
    return id;
  }
  function session() {
    var s = [], now = Date.now();
    if (may) try {
      s = (sessionStorage._orrery_sid || "").split(",");
      if (!(now - s[1] < 18e5)) s = [random()];
      sessionStorage._orrery_sid = s[0] + "," + now;
    } catch (e) { s = []; }
    return s[0] || page || (page = random());
  }
  function event(name, fields, at) {
    if (!name) return say("no name of an event", fields);
    var e = Object.assign({ event: name, id: random(), time: new Date().toISOString(), visitor: visitor(), contact: contact, contact_hmac: contact && proof, session: session(),
      page: { url: at || location.href, title: String(d.title), referrer: from } }, fields);
    queue.push(e);
    say(name, e);
    if (queue.length > 19) flush(); else wait = wait || setTimeout(api.flush, 5e3);
  }
  function flush(last) {
    clearTimeout(wait); wait = 0; hook();
    var some = queue.splice(0, 50), body = json(some.map(function (e) { return Object.assign({ sent_at: Date.now() }, e); }));
    if (!some.length) return;
    if (last) try { if (n.sendBeacon(to, body)) return; } catch (e) {}
    fetch(to, { method: "POST", body: body, keepalive: body.length < 2e4 /* browsers refuse more than 64 KiB */ }).then(function (r) {
      if (r.status > 428) throw r;
      tried = 0;
      if (queue.length > 19) flush();
      if (debug) r.json().then(function (a) { say("answer", a); }, function () {});
    }).catch(function (e) {
      say("cannot send, will try again", e);
      queue = some.concat(queue).slice(-200); // the same ids: what arrived is not counted again
      wait = setTimeout(api.flush, Math.min(5e3 << tried++, 3e5));
    });
  }
  function item(id) { return { items: [{ item_id: id }] }; }
  function list(x) { return Array.isArray(x) ? x : x == null ? [] : [x]; }
  function text(x) { // texts, and things with a name
    x = list(x)[0];
    if (x && typeof x === "object") x = x.name || x["@value"] || x.value || x.url || x.contentUrl || x["@id"];
    return typeof x === "number" ? String(x) : typeof x !== "string" ? undefined : x.replace(/&(amp|lt|gt|quot|#0?39|apos|nbsp);/g, function (m, c) { return { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " " }[c] || "'"; }).trim() || undefined;
  }
  function money(x) {
    if (typeof x === "number") return x;
    x = (text(x) || "").replace(/[^\d.,-]/g, "");
    var comma = x.lastIndexOf(","), dot = x.lastIndexOf(".");
    if (comma > dot && (dot >= 0 || !/,\d{3}$/.test(x))) x = x.replace(/\./g, "").replace(",", "."); // 1.299,00 and 49,90
    else if (comma < 0 && /\..*\./.test(x)) x = x.replace(/\./g, "");
    return /\d/.test(x) && isFinite(x = +x.replace(/,/g, "")) ? x : undefined;
  }
  function currency(x) { x = text(x) || ""; return /^[a-z]{3}$/i.test(x) ? x.toUpperCase() : { "€": "EUR", "£": "GBP", "zł": "PLN", "Kč": "CZK" }[x]; }
  function is(x, names) { return list(x["@type"]).some(function (t) { return names.indexOf(String(t).split(/[/:#]/).pop()) >= 0; }); }
  function offer(x, o) { // the first offer that says a price
    list(o).some(function (o) {
      if (!o || typeof o !== "object") return;
      var specs = list(o.priceSpecification).filter(function (s) { return s && !/List|Strike|SRP/.test(s.priceType); }), s = specs[0] || {};
      x.price = [o.price, o.lowPrice, s.price, s.minPrice].map(money).find(function (p) { return p !== undefined; });
      x.cur = currency(o.priceCurrency || s.priceCurrency);
      x.availability = x.availability || text(o.availability);
      if (x.price === undefined) offer(x, o.offers);
      return x.price !== undefined;
    });
    return x;
  }
  function product(x, group) {
    var id = text(x.sku) || text(x.productID) || text(x.productGroupID) || text(x.mpn) || text(x.gtin13 || x.gtin) || text(x.identifier) || text(x["@id"]);
    var o = offer({}, x.offers);
    return { at: text(x.url) || text(list(x.offers)[0] && list(x.offers)[0].url), cur: o.cur, item: { item_id: id, item_name: text(x.name), price: o.price, availability: o.availability,
      item_category: list(x.category).map(text).filter(Boolean).join(" > ") || undefined, item_brand: text(x.brand), image: text(x.image), url: text(x.url),
      item_group_id: text(x.inProductGroupWithID) || group } };
  }
  function collect(x, into) {
    list(x).forEach(function (x) {
      if (!x || typeof x !== "object") return;
      collect(x["@graph"], into); collect(x.mainEntity, into); collect(is(x, ["ItemPage", "WebPage"]) && x.about, into);
      if (!is(x, types)) return;
      var p = product(x), variants = list(x.hasVariant).filter(function (v) { return v && typeof v === "object"; });
      variants.forEach(function (v) { var q = product(v, p.item.item_id); if (q.item.item_id && same(q.at) > 1) p = q; });
      if (!p.item.item_id && variants[0]) p = product(variants[0]);
      if (p.item.price === undefined && variants[0]) offer(p.item, variants[0].offers), p.cur = p.cur || p.item.cur, delete p.item.cur;
      into.push(p);
    });
  }
  function same(url) { // 2: the page's address, 1: none is said, 0: another one
    if (!url) return 1;
    var c = d.querySelector("link[rel=canonical]"), u = path(url);
    return u === path(location.href, /[?&]\w+=/.test(url)) || c && u === path(c.href) ? 2 : path(url.split(/[?#]/)[0]) === path(location.pathname) ? 2 : 0;
  }
  function path(url, whole) { try { url = new URL(url, location.href); return decodeURI(url.pathname.replace(/\/(index\.\w+)?$/, "")) + (whole ? url.search : ""); } catch (e) { return ""; } }
  function parse(s) {
    try { return JSON.parse(s); } catch (e) {}
    s = s.replace(/^\s*(\/\/\s*)?<!(--|\[CDATA\[)|((\/\/\s*)?(-->|\]\]>))\s*$/g, "").replace(/[\x00-\x1f]+/g, " ").replace(/,\s*([\]}])/g, "$1");
    try { return JSON.parse(s); } catch (e) { say("cannot read JSON-LD", e); }
  }
  function micro() {
    var m = d.querySelectorAll('[itemtype$="schema.org/Product"]'), get = function (p) { var x = m[0].querySelector("[itemprop=" + p + "]"); return x ? x.getAttribute("content") || x.getAttribute("href") || x.textContent.trim() : undefined; };
    if (m[0] && !m[0].closest("[itemtype$=ItemList]")) return { at: m[1] ? get("url") : 0, cur: currency(get("priceCurrency")), item: { item_id: get("sku") || get("productID") || get("mpn") || get("gtin13"), item_name: get("name"), price: money(get("price")) } };
  }
  function look() { // for the page's own product: told once a page
    var found = [], all = "", x = d.querySelector("[data-orrery-view]");
    if (views) return;
    if (x) return view(item(x.dataset.orreryView));
    d.querySelectorAll('script[type="application/ld+json" i]').forEach(function (s) { all += s.textContent; collect(parse(s.textContent), found); });
    if (all && all === used) return; // still that of the page before
    if (!found.length && (x = micro())) found.push(x);
    found = found.filter(function (p) { return p.item.item_id || say("no id of a product", p); });
    x = found.find(function (p) { return same(p.at) > 1; }) || (found.every(function (p) { return p.item.item_id === found[0].item.item_id; }) ? found[0] : found.find(function (p) { return same(p.at) === 1; }));
    if (!x) return;
    own.ld = all;
    view({ currency: x.cur, items: [x.item] }, 1);
  }
  function view(fields, read) {
    var id = String(((fields.items || [])[0] || {}).item_id);
    if (views && (views[id] || views.read && !read)) { views.read = 0; views[id] = 1; return; } // what JSON-LD has told, in the data layer's words
    views = views || { read: read };
    views[id] = 1;
    event("view_item", fields);
  }
  function ga(x, ua) { // an item of GA4, or of Universal Analytics
    var c = [x.item_category, x.item_category2, x.item_category3, x.item_category4, x.item_category5].filter(Boolean).join(" > ") || x.category;
    return { item_id: text(x.item_id) || text(x.id), item_name: text(x.item_name) || text(x.name), item_brand: x.item_brand || x.brand, item_category: c && String(c).replace(/\//g, ua ? " > " : "/"), item_variant: x.item_variant || x.variant,
      price: money(x.price), quantity: money(x.quantity), discount: money(x.discount), coupon: x.coupon, index: x.index || x.position, item_list_id: x.item_list_id || x.list };
  }
  function told(name, f, ua) {
    var a = f.actionField || {}, e = { items: list(f.items || f.products || (ua ? f : 0)).filter(function (x) { return x && typeof x === "object"; }).map(function (x) { return ga(x, ua); }), currency: currency(f.currency || f.currencyCode), value: money(f.value !== undefined ? f.value : a.revenue) };
    if (name === "purchase") {
      e.order = text(f.transaction_id) || text(a.id);
      if (!e.order) return say("no order id in a purchase", f);
      ["tax", "shipping", "coupon", "affiliation"].forEach(function (k) { e[k] = f[k] || a[k]; });
    }
    if (/search/.test(name)) e = { query: text(f.search_term) };
    if (!e.query && !e.order && !e.items.length && !/promotion|cart$|checkout/.test(name)) return;
    if (/view_item$/.test(name)) view(e); else if (!/search/.test(name) || own.query !== e.query) { if (e.query) own.query = e.query; event(name, e); }
  }
  function pushed(x) {
    if (!x || typeof x !== "object" || set.layer === "off") return;
    if (x[0] === "consent" && x[2] && x[2].analytics_storage) return api.consent(x[2].analytics_storage === "granted");
    if (x[0] === "event" && known.test(x[1])) return told(x[1], x[2] || {});
    var e = x.ecommerce;
    if (known.test(x.event)) return told(x.event, e && typeof e === "object" ? e : x);
    if (!e || typeof e !== "object") return;
    [["detail", "view_item"], ["add", "add_to_cart"], ["remove", "remove_from_cart"], ["click", "select_item"], ["checkout", "begin_checkout"], ["purchase", "purchase"], ["impressions", "view_item_list"]].forEach(function (k) {
      var f = e[k[0]];
      if (f && typeof f === "object") told(k[1], Array.isArray(f) ? Object.assign({ items: f }, { currency: e.currencyCode }) : Object.assign({ currency: e.currencyCode }, f), 1);
    });
  }
  function hook() { // pages put another array there, and tag managers another push
    var l = w.dataLayer = w.dataLayer || [], push = l.push;
    if (l === layer || !Array.isArray(l)) return;
    layer = l;
    [].slice.call(l).forEach(safe(pushed));
    l.push = function () { [].forEach.call(arguments, safe(pushed)); return push.apply(l, arguments); };
  }
  var api = {
    log: [], event: event, visitor: visitor, flush: safe(function () { flush(); }), ready: function (f) { f(visitor()); },
    identify: function (id, more, hmac) { contact = id; proof = hmac || set.contactHmac; event("identify", more); },
    logout: function () { event("logout"); contact = proof = undefined; },
    consent: function (yes) { may = yes; if (!yes) { d.cookie = "_orrery_vid=;path=/;max-age=0"; try { delete sessionStorage._orrery_sid; } catch (e) {} } },
    push: function () { [].forEach.call(arguments, run); }
  };
  function run(c) { // before a page that is rendered ahead is looked at, nothing has happened
    if (!begun) return begun === 0 ? own.later.push(c) : 0;
    safe(function () { if (c && typeof api[c[0]] === "function") api[c[0]].apply(0, [].slice.call(c, 1)); else say("no such command", c); })();
  }
  function left() {
    if (here && (shown || scrolled)) event("user_engagement", { engagement_time_msec: own.time + (shown ? Date.now() - shown : 0), scroll: scrolled }, here);
    own.time = shown = scrolled = 0;
  }
  function came() {
    if (here) left(), from = here;
    used = own.ld; views = 0; own.query = ""; here = location.href; shown = Date.now(); own.time = 0; hook();
    var q = new URLSearchParams(location.search), f = {}, s = ["q", "s", "search", "query", "search_term", "keyword"].map(function (k) { return q.get(k); }).find(Boolean);
    q.forEach(function (v, k) { if (/^utm_/.test(k)) f[k] = v; });
    event("page_view", f);
    if (s && own.query !== s) event("search", { query: own.query = s });
    look();
    [300, 1500, 4e3].forEach(function (t) { setTimeout(safe(function () { hook(); look(); }), t); });
  }
  function moved(old) { return function () { var r = old.apply(this, arguments); safe(turn)(); return r; }; }
  function turn() { // a hash is a page only where it is a path
    clearTimeout(own.turn);
    own.turn = setTimeout(safe(function () { var cut = function (u) { return u.replace(/#(?![!/]).*/, ""); }; if (cut(location.href) !== cut(here)) came(); }), 50);
  }
  function begin() {
    begun = 1;
    came();
    own.later.splice(0).forEach(run);
    try { history.pushState = moved(history.pushState); history.replaceState = moved(history.replaceState); } catch (e) {}
    on(w, "popstate", turn); on(w, "hashchange", turn); on(w, "load", function () { hook(); look(); });
    on(w, "scroll", function () { var h = d.documentElement; scrolled = Math.max(scrolled || 0, Math.min(100, Math.round(100 * (w.scrollY + w.innerHeight) / (h.scrollHeight || 1)))); }, { passive: true });
    on(d, "click", function (e) {
      var x = e.target.closest && e.target.closest("[data-orrery-item]"), f = x && x.closest("[data-orrery-recommendation]");
      if (!x) return;
      if (f) event("select_item", Object.assign(item(x.dataset.orreryItem), { recommendation: f.dataset.orreryRecommendation, slot: 1 + [].indexOf.call(f.querySelectorAll("[data-orrery-item]"), x) }));
      if (x.dataset.orreryEvent) event(x.dataset.orreryEvent, item(x.dataset.orreryItem));
    }, true);
    on(d, "submit", function (e) {
      var f = e.target, m = f.closest && f.closest("[data-orrery-identify]") && f.querySelector("input[type=email],input[name*=mail i]");
      if (m && /.@./.test(m.value)) api.identify(m.value.trim(), {});
    }, true);
    ["play", "ended"].forEach(function (k) { on(d, k, function (e) {
      var v = e.target;
      if (!v.orreryTold || k === "ended") event(k === "play" ? "video_start" : "video_complete", { video: v.currentSrc, video_title: v.title || undefined, duration: v.duration || undefined });
      v.orreryTold = 1;
    }, true); });
    on(d, "visibilitychange", function () { if (d.visibilityState === "hidden") { left(); flush(1); } else shown = Date.now(); });
    on(w, "pagehide", function () { left(); flush(1); });
  }
  var start = safe(function () { if (d.readyState === "loading") on(d, "DOMContentLoaded", begin); else begin(); });
  own.later = Array.isArray(w.orrery) ? w.orrery.slice() : [];
  begun = 0;
  w.orrery = api;
  if (debug) { var s = d.createElement("script"); s.src = host + "/t-debug.js"; d.head.appendChild(s); }
  if (d.prerendering) on(d, "prerenderingchange", start, { once: true }); else start();
})(window, document, navigator);
