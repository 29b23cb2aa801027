// What is known of an asset, as one line and as tables.

import { announce, h, icon } from "../dom.js";
import { ago, bytes, clock, fps, rate, span, usd, words } from "../format.js";
import { statusOf } from "../status.js";

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
  return [links(asset), renditions(asset), source(asset), cost(asset)].filter(Boolean);
}

function section(name, ...content) {
  return h("section", { "data-part": name.toLowerCase() }, h("h2", {}, name), content);
}

function links(asset) {
  const rows = [
    ["HLS", asset.playback?.hls],
    ["DASH", asset.playback?.dash],
    ["Poster", asset.images?.poster],
    ["Storyboard", asset.images?.storyboard_vtt],
  ].filter(([, url]) => url);
  return rows.length ? section("Links", h("ul.links", {}, rows.map(([name, url]) => link(name, url)))) : null;
}

function link(name, url) {
  const absolute = new URL(url, location.href).href;
  const button = h("button.copy", { type: "button", "aria-label": `Copy the ${name} address`, title: "Copy", on: { click: () => copy(button, absolute, name) } }, icon(COPY));
  return h("li", {}, h("span.what", {}, name), h("a", { href: absolute, title: absolute }, absolute.split("/").pop()), button);
}

async function copy(button, text, name) {
  await navigator.clipboard.writeText(text);
  announce(`${name} address copied`);
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
    ["Asset", h("span.id", {}, asset.id)],
  ];
  return section("Source", facts(rows));
}

function channels(count) {
  return { 1: "mono", 2: "stereo", 6: "5.1", 8: "7.1" }[count] ?? `${count} channels`;
}

function cost(asset) {
  if (!asset.cost?.accrued_usd) return null;
  const parts = Object.entries(asset.cost.breakdown ?? {}).map(([name, amount]) => [BILLED[name] ?? words(name), usd(amount)]);
  const left = asset.cost.excludes?.length ? h("p.small", {}, `Estimated from AWS list prices, without ${asset.cost.excludes.map((each) => BILLED[each] ?? each).join(" and ")}.`) : null;
  return section("Cost", facts([...parts, ["Total", usd(asset.cost.accrued_usd)]]), left);
}

const BILLED = { lambda: "Lambda", sfn: "Step Functions", s3: "S3", cdn: "CDN" };

function facts(rows) {
  return h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
