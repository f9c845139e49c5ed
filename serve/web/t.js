/* Orrery's tracker. <script async src="https://HOST/t.js" data-key="WRITE KEY" [data-shop=""] [data-consent="required"]></script>
orrery = window.orrery || []; orrery.push(["event", "add_to_cart", {items: [{item_id: "SKU1"}]}], ["identify", "anna@example.com", {name: "Anna"}, HMAC], ["consent", true])
By itself: page_view; view_item from JSON-LD or <x data-orrery-view="SKU1">; clicks on <x data-orrery-item="SKU1" [data-orrery-event="add_to_cart"]>,
and within <x data-orrery-recommendation="r-..."> select_item. Until consent, or with DNT or GPC, ids live as long as the page. */
(function (w, d, n) {
  var me = d.currentScript, set = me.dataset, queue = [], tried = 0, page, contact, proof, wait;
  var to = new URL(me.src).origin + "/v1/events?" + new URLSearchParams({ key: set.key || "", shop: set.shop || "" });
  var may = set.consent !== "required" && n.doNotTrack !== "1" && !n.globalPrivacyControl;
  function random() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (b) { return (b + 256).toString(16).slice(1); }).join("");
  }
  function visitor() {
    var id = may && (d.cookie.match(/(?:^|; )_orrery_vid=(\w+)/) || [])[1] || page || (page = random());
    if (may) d.cookie = "_orrery_vid=" + id + ";path=/;max-age=34128000;samesite=lax" + (location.protocol === "https:" ? ";secure" : "");
    return id;
  }
  function session() {
    if (!may) return page || (page = random());
    var s = (sessionStorage._orrery_sid || "").split(","), now = Date.now();
    if (!(now - s[1] < 18e5)) s = [random()];
    sessionStorage._orrery_sid = s[0] + "," + now;
    return s[0];
  }
  function event(name, fields) {
    queue.push(Object.assign({ event: name, id: random(), time: new Date().toISOString(), visitor: visitor(), contact: contact, contact_hmac: contact && proof, session: session(),
      page: { url: location.href, title: d.title, referrer: d.referrer } }, fields));
    if (queue.length > 19) flush(); else wait = wait || setTimeout(api.flush, 5e3);
  }
  function flush(last) {
    clearTimeout(wait); wait = 0;
    var some = queue.splice(0, 50), body = JSON.stringify(some.map(function (e) { return Object.assign({ sent_at: Date.now() }, e); }));
    if (!some.length) return;
    if (last && n.sendBeacon(to, body)) return;
    fetch(to, { method: "POST", body: body, keepalive: body.length < 2e4 /* browsers refuse more than 64 KiB */ }).then(function (r) {
      if (r.status > 428) throw r;
      tried = 0;
      if (queue.length > 19) flush();
    }).catch(function () {
      queue = some.concat(queue).slice(-200); // the same ids: what arrived is not counted again
      wait = setTimeout(api.flush, Math.min(5e3 << tried++, 3e5));
    });
  }
  function item(id) { return { items: [{ item_id: id }] }; }
  function product(x) {
    if (Array.isArray(x)) return x.forEach(product);
    if (!x || x["@graph"]) return x && product(x["@graph"]);
    if (x["@type"] !== "Product") return;
    var o = [].concat(x.offers || {})[0];
    event("view_item", { currency: o.priceCurrency, items: [{ item_id: x.sku || x.productID, item_name: x.name, item_category: x.category, price: o.price }] });
  }
  var api = { event: event, identify: function (id, more, hmac) { contact = id; proof = hmac || set.contactHmac; event("identify", more); }, consent: function (yes) { may = yes; if (!yes) { d.cookie = "_orrery_vid=;path=/;max-age=0"; delete sessionStorage._orrery_sid; } }, flush: function () { flush(); } };
  function run(c) { api[c[0]].apply(0, c.slice(1)); }
  function begin() {
    event("page_view");
    var seen = d.querySelector("[data-orrery-view]");
    if (seen) return event("view_item", item(seen.dataset.orreryView));
    d.querySelectorAll('script[type="application/ld+json"]').forEach(function (s) { try { product(JSON.parse(s.text)); } catch (e) {} });
  }
  d.addEventListener("click", function (e) {
    var x = e.target.closest("[data-orrery-item]"), f = x && x.closest("[data-orrery-recommendation]");
    if (!x) return;
    if (f) event("select_item", Object.assign(item(x.dataset.orreryItem), { recommendation: f.dataset.orreryRecommendation, slot: 1 + [].indexOf.call(f.querySelectorAll("[data-orrery-item]"), x) }));
    if (x.dataset.orreryEvent) event(x.dataset.orreryEvent, item(x.dataset.orreryItem));
  }, true);
  d.addEventListener("visibilitychange", function () { if (d.visibilityState === "hidden") flush(1); });
  w.addEventListener("pagehide", function () { flush(1); });
  (w.orrery || []).forEach(run);
  w.orrery = { push: function () { [].forEach.call(arguments, run); } };
  if (d.readyState === "loading") d.addEventListener("DOMContentLoaded", begin); else begin();
})(window, document, navigator);
