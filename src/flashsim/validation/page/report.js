"use strict";
// Errors are counted where a test, or a reader who asks for help, can see them.
const root = document.documentElement;
root.dataset.errors = "0";
addEventListener("error", event => { root.dataset.errors = Number(root.dataset.errors) + 1; root.dataset.error = event.message; });

const WIDTH = 1060, LEFT = 66, RIGHT = 1050, TOP = 12, BOTTOM = 250, PULL = 320, LOW = 372;

function shown(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = Number.isInteger(value) && size < 1e7 ? String(value) : size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace("-", "−");
}

function scale(from, to, low, high, logarithmic) {
  const f = logarithmic ? Math.log10 : x => x;
  const a = f(from), b = f(to);
  return x => low + (f(x) - a) / (b - a || 1) * (high - low);
}

function ticks(from, to, logarithmic) {
  if (logarithmic && to / from > 8) {
    const decades = [];
    const step = Math.max(1, Math.ceil(Math.log10(to / from) / 8));
    for (let k = Math.ceil(Math.log10(from) - 1e-9); k <= Math.log10(to) + 1e-9; k += step) decades.push(10 ** k);
    return decades;
  }
  const raw = (to - from) / 6, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(x => x * power).find(x => x >= raw);
  const found = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

// Contents and errors of one slice: without weights the errors follow from the contents.
function numbers(data, range, slice) {
  const { slices } = data.ranges[range];
  const [full, fullErrors, other, otherErrors] = slices[Math.min(slice, slices.length - 1)];
  const errors = (values, given, unit) => values.map((v, k) => given.length ? given[k] : Math.sqrt(Math.max(v, 0) * unit));
  return { full, other, fullErrors: errors(full, fullErrors, 1), otherErrors: errors(other, otherErrors, data.scale) };
}

function draw(box) {
  const { data, state } = box;
  const { edges, logx, axis, unit } = data.ranges[state.range];
  const found = numbers(data, state.range, state.slice);
  const bins = edges.length - 1;
  const values = [...found.full, ...found.other].filter(v => v !== null);
  const positive = values.filter(v => v > 0);
  const most = positive.length ? Math.max(...positive) : 1;
  const log = state.log && positive.length > 0;
  const points = data.kind === "efficiency" || data.kind === "profile";
  let bottom = log ? 0.5 * Math.min(...positive) : 0;
  let top = log ? 3 * most : data.kind === "efficiency" ? Math.min(1.1 * most, 1.05) : 1.1 * most;
  if (data.kind === "profile" && !log && values.length) {
    const [least, largest] = [Math.min(...values), Math.max(...values)], margin = 0.12 * (largest - least) || Math.abs(largest) || 1;
    [bottom, top] = [least - margin, largest + margin];
  }
  const x = scale(edges[0], edges[bins], LEFT, RIGHT, logx && edges[0] > 0);
  const y = scale(bottom, top, BOTTOM, TOP, log);
  const inside = v => Math.min(Math.max(y(log ? Math.max(v, bottom) : v), TOP), BOTTOM);
  const pull = k => {
    const error = Math.hypot(found.fullErrors[k] || 0, found.otherErrors[k] || 0);
    return error > 0 && found.full[k] !== null && found.other[k] !== null ? (found.other[k] - found.full[k]) / error : 0;
  };
  let fill = "", line = "", errors = "", pulls = "", axes = "", grid = "", labels = "";
  for (let k = 0; k < bins; k++) {
    const a = x(edges[k]).toFixed(1), b = x(edges[k + 1]).toFixed(1), middle = (Number(a) + Number(b)) / 2;
    if (found.full[k] !== null) {
      const e = found.fullErrors[k] || 0;
      if (!points) fill += `M${a} ${BOTTOM}V${inside(found.full[k]).toFixed(1)}H${b}V${BOTTOM}z`;
      else errors += `M${a} ${inside(found.full[k]).toFixed(1)}H${b}`;
      errors += `M${middle} ${inside(found.full[k] - e).toFixed(1)}V${inside(found.full[k] + e).toFixed(1)}`;
    }
    if (found.other[k] !== null) line += `${line && found.other[k - 1] !== null ? "L" : "M"}${a} ${inside(found.other[k]).toFixed(1)}H${b}`;
    pulls += `M${a} ${PULL}V${(PULL - 10 * Math.max(-5, Math.min(5, pull(k)))).toFixed(1)}H${b}V${PULL}z`;
  }
  for (const v of ticks(bottom, top, log)) {
    grid += `M${LEFT} ${y(v).toFixed(1)}H${RIGHT}`;
    labels += `<text x="${LEFT - 8}" y="${(y(v) + 4).toFixed(1)}" text-anchor="end">${shown(v)}</text>`;
  }
  for (const v of ticks(edges[0], edges[bins], logx && edges[0] > 0)) {
    axes += `M${x(v).toFixed(1)} ${LOW}v-5M${x(v).toFixed(1)} ${BOTTOM}v-5`;
    labels += `<text x="${x(v).toFixed(1)}" y="${LOW + 16}" text-anchor="middle">${shown(v)}</text>`;
  }
  const name = axis || data.name, of = axis === undefined ? data.unit : unit;
  labels += `<text x="${RIGHT}" y="${LOW + 34}" text-anchor="end">${box.escape(name + (of ? ` [${of}]` : ""))}</text>`;
  labels += `<text x="${LEFT - 8}" y="${PULL + 4}" text-anchor="end">pull</text>`;
  axes += `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}M${LEFT} ${PULL - 52}V${LOW}H${RIGHT}M${LEFT} ${PULL}H${RIGHT}`;
  const svg = box.querySelector("svg");
  svg.dataset.scale = log ? "log" : "linear";
  svg.dataset.slice = data.labels[Math.min(state.slice, data.ranges[state.range].slices.length - 1)];
  svg.innerHTML = `<path class="grid" d="${grid}"/><path class="full" d="${fill}"/><path class="errors" d="${errors}"/><path class="line" d="${line}"/><path class="pull" d="${pulls}"/><path class="axis" d="${axes}"/>${labels}<rect class="hover" y="${TOP}" height="${LOW - TOP}" width="0"/>`;
  box.point = k => {
    const rect = svg.querySelector(".hover");
    k = Math.max(0, Math.min(bins - 1, k));
    rect.setAttribute("x", x(edges[k]));
    rect.setAttribute("width", x(edges[k + 1]) - x(edges[k]));
    const both = [[found.full, found.fullErrors], [found.other, found.otherErrors]].map(([v, e]) => `${shown(v[k])} ± ${shown(e[k] === null ? null : Number((e[k] || 0).toPrecision(2)))}`);
    box.querySelector("output").textContent = `${name} ${shown(edges[k])} to ${shown(edges[k + 1])}${of ? " " + of : ""}: reference ${both[0]}, candidate ${both[1]}, pull ${shown(Number(pull(k).toFixed(2)))}`;
    box.bin = k;
  };
  box.binAt = at => { let k = 0; while (k < bins - 1 && x(edges[k + 1]) < at) k++; return k; };
}

// A panel is built when it is first seen: a page may hold hundreds.
function build(box) {
  if (box.data) return;
  box.escape = text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
  box.data = JSON.parse(box.querySelector("script").textContent);
  for (const range of box.data.ranges) if (typeof range.edges === "number") range.edges = box.data.ranges[range.edges].edges;
  box.state = { log: false, slice: 0, range: 0 };
  const options = names => names.map((name, k) => `<option value="${k}">${box.escape(name)}</option>`).join("");
  const ranges = box.data.ranges.map((range, k) => range.title || range.axis || (k ? "whole range" : "core"));
  const controls = document.createElement("div");
  controls.className = "controls";
  controls.innerHTML = `<label><input type="checkbox" name="log"> logarithmic</label><label>objects <select name="slice">${options(box.data.labels)}</select></label>` + (ranges.length > 1 ? `<label>${box.data.ranges[0].axis ? "against" : "range"} <select name="range">${options(ranges)}</select></label>` : "");
  box.append(controls, document.createElement("output"));
  box.insertAdjacentHTML("beforeend", `<svg viewBox="0 0 ${WIDTH} 410" role="img" tabindex="0" aria-label="${box.escape(box.data.name)}: move the pointer, or the arrow keys, over the bins"></svg>`);
  controls.addEventListener("change", event => {
    const { name, type, checked, value } = event.target;
    box.state[name] = type === "checkbox" ? checked : Number(value);
    draw(box);
  });
  const svg = box.querySelector("svg");
  svg.addEventListener("pointermove", event => {
    const { left, width } = svg.getBoundingClientRect();
    box.point(box.binAt((event.clientX - left) / width * WIDTH));
  });
  svg.addEventListener("keydown", event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) { event.preventDefault(); box.point((box.bin ?? -step) + step); }
  });
  draw(box);
}

const visible = element => element.querySelectorAll(":scope .explorer").forEach(box => { if (!box.closest("details:not([open])")) build(box); });
document.querySelectorAll("details").forEach(part => part.addEventListener("toggle", () => visible(part)));

// #anchor opens what it names; #anchor?log&slice=2&range=1&bin=7 sets its panel too, so that a view can be sent on.
function follow() {
  const [anchor, query] = decodeURIComponent(location.hash.slice(1)).split("?");
  const part = anchor && document.getElementById(anchor);
  if (!part) return;
  for (let above = part; above; above = above.parentElement) if (above.tagName === "DETAILS") above.open = true;
  visible(part);
  const box = part.querySelector(".explorer"), wanted = new URLSearchParams(query || "");
  if (box && box.data && query) {
    const most = { slice: box.data.labels.length, range: box.data.ranges.length };
    box.state.log = wanted.has("log");
    for (const name of ["slice", "range"]) box.state[name] = Math.min(Math.max(Number(wanted.get(name)) || 0, 0), most[name] - 1);
    for (const [name, value] of Object.entries(box.state)) {
      const control = box.querySelector(`[name=${name}]`);
      if (control) control[name === "log" ? "checked" : "value"] = value;
    }
    draw(box);
    if (wanted.has("bin")) box.point(Number(wanted.get("bin")));
  }
  part.scrollIntoView();
}
visible(document);
addEventListener("hashchange", follow);
follow();
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(part => { part.open = true; }));
