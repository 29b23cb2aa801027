"""A project on stage: its page loaded and ready, and its frames.

Invariants: frame `k` shows `k / frame_rate` seconds; frames are made in ascending order, after two that are made and
thrown away when the run does not start at 0 (without them a jump differs from a sequential run).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.composition.capture import CaptureOptions, CompositionFacts, Frame, Picture
from chalicelib.composition.facts import NO_LENGTH, read_facts
from chalicelib.composition.page import (
    HYPERFRAMES,
    is_ready,
    know_expression,
    milliseconds,
    seek_expression,
    state_expression,
)
from chalicelib.composition.serving import ORIGIN
from chalicelib.composition.stills import Step, StillFrames
from chalicelib.errors import BrowserCrashed, CompositionNavigated, CompositionNotReady, CompositionUnplayable
from chalicelib.tools.browser_process import BrowserProcess
from chalicelib.tools.cdp import ProtocolRefused
from chalicelib.tools.page import Page
from chalicelib.tools.page_files import PageFiles
from chalicelib.tools.pixels import PixelCapture

WARM_UP_FRAMES = 2
CANVAS_FRAMES = 3
MAX_WARNINGS = 20
_READY_S = 30.0
# Some five seconds.
_IDLE_LOOKS = 400
_CAPTURE_TRIES = 30
_CHECK_EVERY = 300
_SMALL_TIMES = 16
_IN_FULL_FRAMES = 30


class Stage:
    """A page that is ready to be captured.

    Attributes:
        facts: What it says about itself.
    """

    def __init__(
        self,
        process: BrowserProcess,
        files: PageFiles,
        options: CaptureOptions,
        *,
        deadline: float,
        look: Callable[[], None],
    ) -> None:
        """Load the page and wait until it is ready.

        Raises:
            CompositionNotReady: If it is not within its time.
            CompositionNavigated: If it goes elsewhere.
            CompositionUnplayable: If its size or length cannot be had.
            DeadlineNear: When the deadline came.
        """
        self._files, self._options = files, options
        self._page = Page(process, files, options, deadline=deadline, look=look)
        self._next = 0
        self._give_up = time.monotonic() + _READY_S
        self._idle = self._served = 0
        self._endless = False
        self._pixels = self._pixel_capture(process.pid) if options.picture is Picture.PIXELS else None
        self.facts: CompositionFacts = self._load()

    @property
    def said(self) -> tuple[str, ...]:
        """The page's last errors, the newest at the end."""
        return self._page.said

    @property
    def refused(self) -> tuple[str, ...]:
        """The last URLs that the page asked for and did not get."""
        return tuple(self._files.refused)

    def began_late(self) -> bool:
        """Whether an animation or a transition has begun after the first frame: later frames then depend on it."""
        return bool(self._page.evaluate("__sluice.beganLate"))

    def warnings(self) -> tuple[str, ...]:
        """What the frames so far show otherwise than they should, because nothing reaches it."""
        return tuple(str(text) for text in self._page.evaluate("__sluice.warnings"))[:MAX_WARNINGS]

    @property
    def frames_read(self) -> int:
        """How many frames were read out of the browser's memory."""
        return self._pixels.read if self._pixels else 0

    @property
    def reads_memory(self) -> bool:
        """Whether frames are, and were all found to be what screenshots showed."""
        return self._pixels is not None and self._pixels.proven

    @property
    def misread(self) -> bool:
        """Whether frames were read that the page did not show: they are to be captured again, without memory."""
        return self._pixels is not None and self._pixels.misread

    def _pixel_capture(self, group: int) -> PixelCapture:
        return PixelCapture(self._page, self._capture, group, from_memory=self._options.from_memory)

    # --- loading ---

    def _load(self) -> CompositionFacts:
        self._pumped(self._page.ask("Page.navigate", {"url": f"{ORIGIN}/{self._options.entry}"}))
        state = self._await_state()
        self._page.loaded()
        facts = read_facts(state, self._files.runtime, self._options)
        self._page.measure(facts.width, facts.height, scale=facts.scale)
        self._settle()
        return facts

    def _await_state(self) -> Mapping[str, Any]:
        while True:
            state = self._state()
            if state.get("loaded"):
                self._endless = state["runtime"] and not state["duration"]
                if is_ready(state, self._files.runtime):
                    if self._files.runtime == HYPERFRAMES:
                        self._page.evaluate("__sluice.endLoading()")
                    return state
                self._tell_media(state["unknown"])
                if self._files.runtime == HYPERFRAMES:
                    self._give_frames()
            self._pump()

    def _give_frames(self) -> None:
        """What waits for a frame before it goes on building the page gets one, at time 0.

        Some in a row and no more, or a page that counts them would count how long it loads. Only one that does nothing
        else any more gets more, because it would fail without.
        """
        self._idle = self._idle + 1 if self._files.served == self._served else 0
        self._served = self._files.served
        self._page.evaluate(f"__sluice.flush({max(0, self._idle - _IDLE_LOOKS)})")

    def _state(self) -> Mapping[str, Any]:
        """What the page says about itself; nothing as long as there is no document, or it gives way to another."""
        document = self._page.documents
        try:
            answer = self._pumped(self._page.ask_for(state_expression()))
        except ProtocolRefused:
            return {}
        if self._page.leaving or self._page.documents != document:
            return {}
        state: Mapping[str, Any] | None = answer["result"].get("value")
        return state or {}

    def _tell_media(self, urls: Sequence[str]) -> None:
        self._files.expect_media(urls)
        for url in urls:
            facts = self._files.media_facts(url)
            self._page.evaluate(know_expression(url, facts.told() if facts else None))

    def _settle(self) -> None:
        """Wait for fonts, pictures and whatever they bring with them."""
        served = -1
        while served != self._files.served:
            served = self._files.served
            self._pumped(self._page.ask_for("__sluice.settled()"))

    def _pumped(self, number: int) -> dict[str, Any]:
        while not self._page.answered(number):
            self._pump()
        return self._page.answer(number)

    def _pump(self) -> None:
        if self._files.navigated:
            raise CompositionNavigated("the page left for an address that is not in the project", **self._page.quoted())
        if time.monotonic() > self._give_up:
            if self._endless:
                raise CompositionUnplayable(NO_LENGTH, **self._page.quoted())
            raise CompositionNotReady("the page did not become ready in its time", **self._page.quoted())
        self._page.pump()

    # --- frames ---

    def frames(self, start_frame: int, end_frame: int, *, preroll: bool) -> Iterator[Frame]:
        """The frames [start_frame, end_frame), in order.

        Args:
            preroll: Show every frame before `start_frame` to the page, unseen, for pages that keep state. Frames that
                it has seen already are not shown again.

        Raises:
            CompositionNotReady: If the page does not finish a frame in its time.
            CompositionNavigated: If it went elsewhere.
            CompositionTooHeavy, BrowserCrashed: If the browser ended.
            DeadlineNear: When the deadline came.
        """
        first = max(0, start_frame - WARM_UP_FRAMES)
        if preroll:
            self._run_through(first)
            first = max(first, min(self._next, start_frame))
        stills = StillFrames()
        if first < end_frame:
            asked = self._ask_seek(first)
        for index in range(first, end_frame):
            self._finish_seek(asked, index)
            if index == first:
                self._bring_canvases()
            last = index + 1 == end_frame
            check = last or (index + 1) % _CHECK_EVERY == 0
            if self._pixels:
                self._pixels.draw()
            # The page works on the next frame while this one is encoded; while it is read already, where it stays.
            ahead = self._pixels is not None and self._pixels.proven and not check
            if ahead:
                asked = self._ask_seek(index + 1)
            picture, repeated = self._pixels.take() if self._pixels else self._picture(stills)
            if self._pixels and check:
                self._pixels.check()
            if not (ahead or last):
                asked = self._ask_seek(index + 1)
            if index >= start_frame:
                yield Frame(index, picture, repeated and index > start_frame)

    def sample(self, index: int) -> None:
        """Hold a frame against a screenshot, if frames are read from memory. It may differ from what `frames` gives,
        which come in a row."""
        self._finish_seek(self._ask_seek(index), index)
        if self._pixels:
            self._pixels.draw()
            self._pixels.take()
            self._pixels.check()

    def rehearse(self, start_frame: int) -> None:
        """Show the page what comes before `start_frame`, so that less is left for `frames` to preroll.

        Nobody looks at it, so it is drawn small, all but the last second: what Chromium keeps from frame to frame of
        how it has drawn is then as it would be.
        """
        self._run_through(start_frame - _IN_FULL_FRAMES, small=True)

    def _run_through(self, end: int, *, small: bool = False) -> None:
        """Chromium's own frames too: they bring the ends of animations, and what is observed."""
        # Telling Chromium the scale anew gives its window the page's own size, and so a picture of another size.
        small = small and self._next < end and self.facts.scale == 1 and not self._files.keeps_scale
        if small:
            self._page.shrink(_SMALL_TIMES)
        for index in range(self._next, end):
            self._finish_seek(self._ask_seek(index), index)
            if small and self._files.keeps_scale:
                small = False
                self._page.shrink(1)
            self._page.begin_frame()
        if small:
            self._page.shrink(1)

    def _ask_seek(self, index: int) -> int:
        self._next = index + 1
        return self._page.ask_for(seek_expression(index, self._options.frame_rate))

    def _finish_seek(self, number: int, index: int) -> None:
        served = self._files.served
        self._page.value(number)
        while served != self._files.served:
            # The frame asked for files: they belong to it.
            served = self._files.served
            self._page.evaluate("__sluice.turn().then(() => __sluice.settled())")
        self._page.reach(milliseconds(index, self._options.frame_rate))

    def _bring_canvases(self) -> None:
        """What a worker draws into is shown from its first picture on, which comes some frames late."""
        if not self._page.evaluate("__sluice.workers.draws"):
            return
        for _ in range(CANVAS_FRAMES):
            self._page.begin_frame()
            self._page.evaluate("__sluice.turn().then(() => __sluice.workers.served())")
            self._page.advance()

    def _picture(self, stills: StillFrames) -> tuple[bytes, bool]:
        if stills.next() is Step.TRY and stills.last is not None:
            if not self._page.begin_frame()["hasDamage"]:
                return stills.last, True
            stills.damaged()
            self._page.advance()
        before = stills.last
        picture = self._capture()
        if stills.captured(picture):
            self._page.advance()
            self._page.begin_frame()
        return picture, picture == before

    def _capture(self) -> bytes:
        options: dict[str, Any] = {"format": "png", "optimizeForSpeed": True}
        if self._options.picture is Picture.JPEG:
            options = {"format": "jpeg", "quality": 100}
        for _ in range(_CAPTURE_TRIES):
            # Early frames come without a picture now and then; the next has it.
            answer = self._page.begin_frame(options)
            if "screenshotData" in answer:
                return bytes(answer["screenshotData"])
            self._page.advance()
        # Not the page's doing: it has come to the frame. Another browser makes the picture.
        raise BrowserCrashed("the browser made no picture of the page", **self._page.quoted())
