"""The command line of Chromium: what makes frames the same each time, and what keeps the page off the network.

Every flag has its reason above it. Measured on Chromium 147 to 156; tests/contract/test_browser_safety.py listens on
real sockets for what the second group forbids.
"""

from __future__ import annotations

_RUN = (
    "--headless",
    # Lambda and containers have no user namespaces; the page is confined by what it cannot reach instead.
    "--no-sandbox",
    "--no-zygote",
    # Lambda's /dev/shm is too small for a frame.
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--mute-audio",
    "--hide-scrollbars",
    "--disable-breakpad",
    "--disable-extensions",
    "--disable-default-apps",
    # A page that is never shown must not be slowed down.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # By itself it draws with half of the processors. A worker has two at most; whoever has more renders more chunks.
    "--num-raster-threads=2",
    # What neither asks the network nor is heard needs no process for it: a tenth less to start.
    "--enable-features=NetworkServiceInProcess2",
    # Nobody hears an audio context; scripts/media.js says that it runs.
    "--autoplay-policy=document-user-activation-required",
)

_SAME_FRAMES = (
    # Frames are made when they are asked for, and only then.
    "--enable-begin-frame-control",
    "--run-all-compositor-stages-before-draw",
    "--disable-new-content-rendering-timeout",
    "--deterministic-mode",
    # What would animate or decode beside the main thread, by the machine's clock.
    "--disable-threaded-animation",
    "--disable-threaded-scrolling",
    "--disable-checker-imaging",
    "--disable-image-animation-resync",
    # The same colours and glyphs on every machine.
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    # WebGL without a graphics card, drawn by the CPU; pages are rasterized by Skia, which is faster there.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-gpu-compositing",
    # A frame is drawn whole. Drawn where it has changed, soft edges at the border are drawn twice: on one page two rows
    # of what was read from memory were not what a screenshot, which draws all, then showed.
    "--ui-disable-partial-swap",
    # Paint holding shows an old frame after a navigation; site isolation would spread iframes over processes.
    "--disable-features=Translate,BackForwardCache,IntensiveWakeUpThrottling,IsolateOrigins,site-per-process,"
    "PaintHolding,MediaRouter,OptimizationHints,AudioServiceOutOfProcess",
)

_NO_NETWORK = (
    # Interception does not see every request (preconnect, WebRTC, raw sockets), so none can leave: no name resolves,
    # everything goes to a proxy that is not there, loopback too, and UDP only through that proxy.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:1",
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    # A second page would not be intercepted.
    "--block-new-web-contents",
    "--dns-prefetch-disable",
    "--no-pings",
    # Chromium's own calls home.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
)


def browser_flags() -> tuple[str, ...]:
    """Everything but the debugging pipe and the profile folder, which the caller owns."""
    return (*_RUN, *_SAME_FRAMES, *_NO_NETWORK)
