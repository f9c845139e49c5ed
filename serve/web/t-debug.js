/* What t.js tells with data-debug: a list of its events on the page, and the server's answers in words. */
(function (w, d) {
  var box = d.createElement("div"), root = box.attachShadow ? box.attachShadow({ mode: "open" }) : box, told = 0;
  var list = d.createElement("ol"), head = d.createElement("b"), close = d.createElement("button");
  box.setAttribute("style", "position:fixed;right:8px;bottom:8px;z-index:2147483647;width:380px;max-width:90vw;max-height:45vh;overflow:auto;background:#fff;color:#222;border:1px solid #888;border-radius:6px;font:12px/1.4 system-ui,sans-serif;padding:8px");
  head.textContent = "Orrery: events of this page ";
  close.textContent = "close";
  close.onclick = function () { box.remove(); };
  list.setAttribute("style", "margin:4px 0;padding-left:22px");
  [head, close, list].forEach(function (x) { root.appendChild(x); });
  function line(text, more, bad) {
    var li = d.createElement("li"), sum = d.createElement("summary"), det = d.createElement("details"), pre = d.createElement("pre");
    sum.textContent = text;
    if (bad) sum.setAttribute("style", "color:#b00");
    pre.textContent = more instanceof Error ? String(more) : JSON.stringify(more, null, 1);
    pre.setAttribute("style", "white-space:pre-wrap;overflow-wrap:anywhere;margin:2px 0");
    det.append(sum, pre);
    li.append(det);
    list.append(li);
    if (bad) console.error("orrery: " + text, more);
  }
  function answer(a) {
    if (a.error && !a.rejected) return line("refused: " + a.error.message, a, true);
    (a.rejected || []).forEach(function (r) { line("refused: " + r.message, r, true); });
    (a.warnings || []).forEach(function (x) { line("left out: " + x.message, x); });
    if (a.note) line("the server takes this browser for a machine: --bots.allow-headless takes it for a visitor", a, true);
    if (a.accepted) line(a.accepted + " taken", a);
  }
  function tell() {
    for (var log = w.orrery.log; told < log.length; told++) {
      var what = log[told][0], more = log[told][1];
      if (what === "answer") answer(more);
      else line(what + (more && more.items && more.items[0] ? " " + more.items[0].item_id : ""), more, /^(no|cannot) /.test(what));
    }
  }
  d.addEventListener("orrery", tell);
  (d.body || d.documentElement).appendChild(box);
  tell();
})(window, document);
