// The API's pages: reads openapi.yaml and lays it out. It understands the part of YAML that the file is written in:
// nested maps, lists, plain and quoted scalars, JSON on one line, and "|" blocks.
"use strict";

function parse(text) {
  const lines = text.split("\n").filter((l) => l.trim() && !/^\s*#/.test(l)).map((l) => ({ indent: l.search(/\S/), text: l.trim() }));
  let at = 0;
  const scalar = (s) => {
    if (/^["[{]/.test(s)) return JSON.parse(s);
    if (s === "true" || s === "false") return s === "true";
    return /^-?\d+(\.\d+)?$/.test(s) ? Number(s) : s;
  };
  const value = (rest, indent) => {
    if (rest === "|") {
      const block = [];
      while (at < lines.length && lines[at].indent > indent) block.push(lines[at++].text);
      return block.join("\n");
    }
    if (rest !== "") return scalar(rest);
    return at < lines.length && lines[at].indent > indent ? node(lines[at].indent) : null;
  };
  const node = (indent) => {
    if (lines[at].text.startsWith("- ")) {
      const list = [];
      while (at < lines.length && lines[at].indent === indent && lines[at].text.startsWith("- ")) {
        lines[at] = { indent: indent + 2, text: lines[at].text.slice(2) };
        list.push(node(indent + 2));
      }
      return list;
    }
    const map = {};
    while (at < lines.length && lines[at].indent === indent) {
      const [, quoted, plain, rest] = lines[at].text.match(/^(?:"([^"]*)"|([^":]+|\/[^:]*)):(?: (.*))?$/);
      at++;
      map[quoted ?? plain] = value(rest ?? "", indent);
    }
    return map;
  };
  return node(0);
}

function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) if (v) e.setAttribute(k, v);
  e.append(...children.flat().filter((c) => c));
  return e;
}

const paragraphs = (text) => (text || "").split("\n").filter(Boolean).map((p) => el("p", null, p));
let spec;

const resolve = (x) => (x && x.$ref ? x.$ref.slice(2).split("/").reduce((at, part) => at[part], spec) : x);

function typeOf(s) {
  if (!s || !s.type) return "";
  if (s.type === "array") return s.items ? "array of " + (typeOf(resolve(s.items)) || "values") : "array";
  return Array.isArray(s.type) ? s.type.map((t) => (t === "null" ? "null" : t)).join(" or ") : s.type;
}

function row(name, type, text, required) {
  return el("tr", null, el("td", null, el("code", null, name), required && el("small", null, "required")), el("td", null, type), el("td", null, text || ""));
}

function members(schema, prefix = "") {
  const s = resolve(schema);
  if (!s) return [];
  if (s.type === "array") return members(s.items, prefix + "[]");
  return Object.entries(s.properties || {}).flatMap(([name, p]) => {
    const inner = resolve(p), path = prefix ? `${prefix}.${name}` : name;
    return [row(path, typeOf(inner), inner.description, (s.required || []).includes(name)), ...(inner.properties || inner.items ? members(inner, path) : [])];
  });
}

const table = (rows) => rows.length ? el("table", { class: "fields" }, el("tbody", null, rows)) : null;
const code = (text) => el("pre", null, el("code", null, text));
const pretty = (example) => JSON.stringify(example, null, 2).replace(/\[\s+([^[\]{}]{0,60}?)\s+\]/g, (m, inner) => "[" + inner.replace(/\s+/g, " ") + "]").replace(/\{\s+([^[\]{}]{0,90}?)\s+\}/g, (m, inner) => "{" + inner.replace(/\s+/g, " ") + "}");

function curl(op, request) {
  const [, uri] = request.split(" "), base = location.origin;
  const body = op.requestBody && Object.values(op.requestBody.content)[0].example;
  return body ? `curl ${base}${uri} -d '${JSON.stringify(body)}'` : `curl '${base}${uri}'`;
}

function operation(path, method, op) {
  const parameters = (op.parameters || []).map(resolve);
  const section = el("section", { id: op.operationId, class: "operation" },
    el("h2", null, op.summary), el("p", { class: "line" }, el("b", null, method.toUpperCase()), " ", el("code", null, path)), paragraphs(op.description));
  if (parameters.length) section.append(el("h3", null, "Parameters"), table(parameters.map((p) => row(p.name, p.in, p.description, p.required))));
  if (op.requestBody) section.append(el("h3", null, "Body"), table(members(Object.values(op.requestBody.content)[0].schema)));
  if (op["x-request"] && !["pages", "demo"].includes(op.tags[0])) section.append(code(curl(op, op["x-request"])));
  for (const [status, r] of Object.entries(op.responses)) {
    section.append(el("h3", { class: "status-line" }, el("span", { class: status < 300 ? "good" : "bad" }, status), " ", r.description));
    const content = r.content && Object.values(r.content)[0];
    if (content && content.example) section.append(code(pretty(content.example)));
    const fields = content && table(members(content.schema));
    if (fields) section.append(el("details", null, el("summary", null, "Members"), fields));
  }
  return section;
}

function page() {
  const main = document.getElementById("main"), contents = document.getElementById("contents");
  main.append(el("section", { class: "operation" }, el("h1", null, "The HTTP API"), el("p", { class: "lede" }, spec.info.summary), paragraphs(spec.info.description)));
  for (const tag of spec.tags) {
    const list = el("ul");
    for (const [path, methods] of Object.entries(spec.paths)) {
      for (const [method, op] of Object.entries(methods)) {
        if (op.tags[0] !== tag.name) continue;
        main.append(operation(path, method, op));
        list.append(el("li", null, el("a", { href: "#" + op.operationId }, op.summary)));
      }
    }
    contents.append(el("h2", null, tag.description), list);
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

fetch("/openapi.yaml").then((r) => r.text()).then((text) => { spec = parse(text); page(); });
