// What is known of an asset, as one line and as tables.

import { BASE } from "../js/config.js";
import { announce, h, icon } from "../js/dom.js";
import { ago, bytes, clock, fps, rate, span, usd, words } from "../js/format.js";
import { statusOf } from "../js/status.js";

const COPY = "M9 9h10v11H9zM5 15V4h10";

/** Status, length and picture in one line. */
export function factLine(asset) {
  const status = statusOf(asset);
  const largest = asset.renditions?.[0];
  const parts = [
    h("span.state", { "data-tone": status.tone }, asset.status === "preparing" ? "Preparing" : status.short),
    asset.duration && clock(asset.duration),
    largest && `${largest.width} × ${largest.height}`,
    asset.status === "ready" && asset.cost && `${usd(asset.cost.accrued_usd)} to encode`,
    asset.created_at && ago(asset.created_at),
  ].filter(Boolean);
  const line = document.createDocumentFragment();
  line.append(...parts.map((part) => (typeof part === "string" ? h("span", {}, part) : part)));
  return line;
}

/** Sections for the page below the stage; an unknown fact leaves no empty row. */
export function details(asset) {
  return [links(asset), renditions(asset), cost(asset), source(asset), files(asset), said(asset)].filter(Boolean);
}

export function section(name, ...content) {
  return h("section", { "data-part": name.toLowerCase() }, h("h2", {}, name), content);
}

function links(asset) {
  const rows = [
    ["HLS", asset.playback?.hls],
    ["DASH", asset.playback?.dash],
    ["Poster", asset.images?.poster],
    ["Storyboard", asset.images?.storyboard_vtt],
  ].filter(([, url]) => url);
  return rows.length ? section("Links", h("ul.links", {}, rows.map(([name, url]) => link(name, url)), embedding(asset))) : null;
}

/** The player for other pages: what to paste there. */
function embedding(asset) {
  const url = `${BASE}/embed/${asset.id}${asset.playback.policy === "signed" ? "?token=TOKEN" : ""}`;
  const code = `<iframe src="${url}" allow="autoplay; fullscreen; picture-in-picture" loading="lazy" style="border:0;width:100%;aspect-ratio:${(asset.aspect_ratio ?? "16:9").replace(":", "/")}"></iframe>`;
  const button = copier("Embed", "the code to embed it", code);
  return h("li", {}, h("span.what", {}, "Embed"), h("a", { href: asset.playback.policy === "signed" ? "#main" : url, title: url }, "Player for other pages"), button);
}

/** Single files of it. */
function files(asset) {
  const rows = (asset.static_renditions ?? []).map(({ type, url, size_bytes: size, status }) => [
    type.toUpperCase(), url ? h("a", { href: url }, size ? bytes(size) : "Open") : words(status),
  ]);
  return rows.length ? section("Files", facts(rows)) : null;
}

/** What its owner says of it, and how it was published. */
function said(asset) {
  const meta = Object.entries(asset.meta ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  return section("Metadata", facts([
    ["Asset", h("span.id", {}, asset.id)],
    ["Created", new Date(asset.created_at).toLocaleString()],
    ["Playback", asset.playback?.policy],
    ["Encoder", asset.encoder],
    ["Attempt", asset.attempt > 1 && String(asset.attempt)],
    ["Passthrough", asset.passthrough],
    ...meta,
  ]));
}

function link(name, url) {
  const absolute = new URL(url, location.href).href;
  const button = copier(name, `the ${name} address`, absolute);
  return h("li", {}, h("span.what", {}, name), h("a", { href: absolute, title: absolute }, absolute.split("/").pop()), button);
}

function copier(name, what, text) {
  const button = h("button.copy", { type: "button", "aria-label": `Copy ${what}`, title: "Copy", on: { click: () => copy(button, text, name) } }, icon(COPY));
  return button;
}

async function copy(button, text, name) {
  await navigator.clipboard.writeText(text);
  announce(`${name} copied`);
  button.dataset.copied = "true";
  setTimeout(() => delete button.dataset.copied, 1500);
}

function renditions(asset) {
  if (!asset.renditions?.length) return null;
  const row = (each) =>
    h("tr", {}, h("th", { scope: "row" }, each.name), h("td", {}, `${each.width} × ${each.height}`), h("td", {}, rate(each.bandwidth)));
  const head = h("tr", {}, ["Rendition", "Picture", "Peak"].map((name) => h("th", { scope: "col" }, name)));
  return section("Renditions", h("table", {}, h("thead", {}, head), h("tbody", {}, asset.renditions.map(row))));
}

function source(asset) {
  const known = asset.source ?? {};
  const video = known.video;
  const turned = video?.rotation ? `, turned ${video.rotation}°` : "";
  const rows = [
    ["Container", known.container],
    ["Video", video && `${video.codec} · ${video.width} × ${video.height}${turned}`],
    ["Frame rate", video?.frame_rate && fps(video.frame_rate)],
    ...(known.audio ?? []).map((track, index, all) => [
      all.length > 1 ? `Audio ${index + 1}` : "Audio",
      [track.codec, track.sample_rate && `${track.sample_rate / 1000} kHz`, track.channels && channels(track.channels), track.language !== "und" && track.language]
        .filter(Boolean)
        .join(" · "),
    ]),
    ["Duration", asset.duration && span(asset.duration)],
    ["Size", known.size && bytes(known.size)],
  ];
  return section("Source", facts(rows));
}

function channels(count) {
  return { 1: "mono", 2: "stereo", 6: "5.1", 8: "7.1" }[count] ?? `${count} channels`;
}

/** What its work has cost, drawn to scale and as numbers. */
function cost(asset) {
  const { accrued_usd: total, breakdown = {}, excludes } = asset.cost ?? {};
  if (!total) return null;
  const parts = Object.entries(breakdown).filter(([, amount]) => amount > 0);
  const cap = asset.max_cost_usd;
  const scale = h("div.scale", { "aria-hidden": "true" }, parts.map(([name, amount]) => h("i", { "data-billed": name, vars: { "--share": amount / Math.max(total, cap ?? 0) } })));
  const rows = parts.map(([name, amount]) => h("div", { "data-billed": name }, h("dt", {}, BILLED[name] ?? words(name)), h("dd", {}, usd(amount))));
  const sum = h("div.sum", {}, h("dt", {}, "Total"), h("dd", {}, usd(total)));
  const most = cap ? h("div", {}, h("dt", {}, "Most"), h("dd", {}, usd(cap))) : null;
  const minute = asset.status === "ready" && asset.duration ? `${usd((total * 60) / asset.duration)} for a minute of it. ` : "";
  const left = excludes?.length ? `Estimated from AWS list prices, without ${excludes.map((each) => BILLED[each] ?? each).join(" and ")}.` : "";
  return section("Cost", scale, h("dl", {}, rows, sum, most), h("p.small", {}, minute, left));
}

const BILLED = { lambda: "Lambda", sfn: "Step Functions", mediaconvert: "MediaConvert", s3: "S3", cdn: "CDN" };

export function facts(rows) {
  return h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
