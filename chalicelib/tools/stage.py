"""One page in one browser, loaded and ready, and its frames.

Invariants: frame `k` shows `k / frame_rate` seconds; frames are made in ascending order, after two that are made and
thrown away when the run does not start at 0 (without them a jump differs from a sequential run); nothing is waited for
without a limit, and what the page does wrong is the page's error, not ours.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from chalicelib.composition.capture import CaptureOptions, CompositionFacts, Frame, Picture
from chalicelib.composition.facts import first_size, read_facts
from chalicelib.composition.page import (
    first_scripts,
    is_ready,
    know_expression,
    run_expression,
    seek_expression,
    state_expression,
)
from chalicelib.composition.serving import ORIGIN
from chalicelib.composition.stills import Step, StillFrames
from chalicelib.errors import CompositionNavigated, CompositionNotReady, DeadlineNear
from chalicelib.tools.browser_process import BrowserProcess
from chalicelib.tools.cdp import CallOverdue, ProtocolRefused
from chalicelib.tools.page_files import PageFiles

logger = logging.getLogger(__name__)

WARM_UP_FRAMES = 2
_READY_S = 30.0
_FRAME_S = 30.0
_PUMP_S = 0.005
_ASK_AGAIN_S = 3.0
_RUN_FRAMES = 30
_CAPTURE_TRIES = 30
_MAX_WORDS = 40
_MAX_WORD = 300
# While the page loads its clock does not move; Chromium wants each frame later than the one before.
_FIRST_TICK_MS = 1000.0
_LOAD_TICK_MS = 0.01


class Stage:
    """A page that is ready to be captured.

    Attributes:
        facts: What it says about itself.
    """

    facts: CompositionFacts

    def __init__(self, process: BrowserProcess, files: PageFiles, options: CaptureOptions, *, deadline: float) -> None:
        """Load the page and wait until it is ready.

        Raises:
            CompositionNotReady: If it is not within its time.
            CompositionUnplayable: If its size or length cannot be had.
            DeadlineNear: When the deadline came.
        """
        self._process, self._files, self._options, self._deadline = process, files, options, deadline
        self._connection = process.connection
        self._words: deque[str] = deque(maxlen=_MAX_WORDS)
        self._tick = _FIRST_TICK_MS
        self._next = 0
        self._session = ""
        self._open()
        self._load()

    # --- loading ---

    def _open(self) -> None:
        width, height = first_size(self._files.entry, self._options)
        target = self._browser(
            "Target.createTarget",
            {
                "url": "about:blank",
                "width": width,
                "height": height,
                "enableBeginFrameControl": True,
            },
        )["targetId"]
        self._session = self._browser("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._files.main_frame = target
        connection = self._connection
        connection.on("Fetch.requestPaused", lambda event, session: self._files.serve(connection, event, session))
        connection.on("Runtime.consoleAPICalled", lambda event, _: self._note_console(event))
        connection.on("Runtime.exceptionThrown", lambda event, _: self._note_exception(event))
        connection.on("Page.frameNavigated", lambda event, _: self._note_navigation(event))
        self._loaded = False
        self._call("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})
        self._call("Page.enable")
        self._call("Runtime.enable")
        self._call(
            "Page.addScriptToEvaluateOnNewDocument",
            {
                "source": first_scripts(self._files.runtime, self._options),
            },
        )
        self._measure(width, height, scale=Fraction(1))
        if self._options.transparent:
            self._call("Emulation.setDefaultBackgroundColorOverride", {"color": {"r": 0, "g": 0, "b": 0, "a": 0}})

    def _measure(self, width: int, height: int, *, scale: Fraction) -> None:
        self._call(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": width,
                "height": height,
                "mobile": False,
                # What the page is told, and what it is drawn at; headless Chromium does not join the two.
                "deviceScaleFactor": float(scale),
                "scale": float(scale),
            },
        )
        # The picture has the size of the window, which the override has set to the page's.
        if scale != 1:
            window = self._browser("Browser.getWindowForTarget", {"targetId": self._files.main_frame})["windowId"]
            bounds = {"width": round(width * scale), "height": round(height * scale)}
            self._browser("Browser.setWindowBounds", {"windowId": window, "bounds": bounds})

    def _load(self) -> None:
        give_up = time.monotonic() + _READY_S
        navigating = self._connection.send("Page.navigate", {"url": f"{ORIGIN}/{self._options.entry}"}, self._session)
        while not self._connection.answered(navigating):
            self._pump(give_up)
        self._connection.answer(navigating, timeout_s=_FRAME_S)
        state = self._await_state(give_up)
        self._files.close_doors()
        self._loaded = True
        self.facts = read_facts(state, self._files.runtime, self._options)
        self._measure(self.facts.width, self.facts.height, scale=self.facts.scale)
        self._settle(give_up)

    def _await_state(self, give_up: float) -> Mapping[str, Any]:
        while True:
            asked = self._connection.send(
                "Runtime.evaluate", {"expression": state_expression(), "returnByValue": True}, self._session
            )
            while not self._connection.answered(asked):
                self._pump(give_up)
            answer = self._connection.answer(asked, timeout_s=_FRAME_S)
            state: Mapping[str, Any] | None = answer["result"].get("value")
            if state is not None and is_ready(state, self._files.runtime):
                return state
            if state is not None:
                self._tell_media(state["unknown"])
            if state is not None and state["loaded"]:
                # What waits for a frame before it goes on building the page gets one, at time 0.
                self._send_quietly("self.__sluice && __sluice.flush()" if self._files.runtime != "page" else "0")
            self._pump(give_up)

    def _tell_media(self, urls: Sequence[str]) -> None:
        for url in urls:
            facts = self._files.media_facts(url)
            self._evaluate(know_expression(url, facts.told() if facts else None))

    def _settle(self, give_up: float) -> None:
        """Wait for fonts, pictures and whatever they bring with them."""
        served = -1
        while served != self._files.served:
            served = self._files.served
            asked = self._connection.send(
                "Runtime.evaluate", {"expression": "__sluice.settled()", "awaitPromise": True}, self._session
            )
            while not self._connection.answered(asked):
                self._pump(give_up)
            self._connection.answer(asked, timeout_s=_FRAME_S)

    def _send_quietly(self, expression: str) -> None:
        number = self._connection.send("Runtime.evaluate", {"expression": expression}, self._session)
        self._connection.answer(number, timeout_s=_FRAME_S)

    def _pump(self, give_up: float) -> None:
        """Make a frame that nobody sees, because a page does not load without; and take in what comes."""
        self._check_time()
        if time.monotonic() > give_up:
            raise CompositionNotReady("the page did not become ready in its time", **self._said())
        self._advance(_LOAD_TICK_MS)
        self._begin_frame()
        self._connection.pump(_PUMP_S)

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
        warm_up = max(0, start_frame - WARM_UP_FRAMES)
        if preroll:
            self._run_through(warm_up)
        stills = StillFrames()
        for index in range(warm_up, end_frame):
            self._seek(index)
            picture, repeated = self._picture(stills)
            if index >= start_frame:
                yield Frame(index, picture, repeated and index > start_frame)

    def _run_through(self, end: int) -> None:
        for start in range(self._next, end, _RUN_FRAMES):
            until = min(start + _RUN_FRAMES, end)
            self._evaluate(run_expression(start, until, self._options.frame_rate))

    def _seek(self, index: int) -> None:
        served = self._files.served
        self._evaluate(seek_expression(index, self._options.frame_rate))
        self._next = index + 1
        while served != self._files.served:
            # The frame asked for files: they belong to it.
            served = self._files.served
            self._evaluate("__sluice.turn().then(() => __sluice.settled())")
        self._advance(1000 / float(self._options.frame_rate))

    def _picture(self, stills: StillFrames) -> tuple[bytes, bool]:
        if stills.next() is Step.TRY and stills.last is not None:
            if not self._begin_frame()["hasDamage"]:
                return stills.last, True
            stills.damaged()
            self._advance(_LOAD_TICK_MS)
        before = stills.last
        picture = self._capture()
        if stills.captured(picture):
            self._advance(_LOAD_TICK_MS)
            self._begin_frame()
        return picture, picture == before

    def _capture(self) -> bytes:
        options = {"format": "jpeg", "quality": 100}
        if self._options.picture is Picture.PNG:
            options = {"format": "png", "optimizeForSpeed": True}
        for _ in range(_CAPTURE_TRIES):
            # Early frames come without a picture now and then; the next has it.
            answer = self._begin_frame(options)
            if "screenshotData" in answer:
                return bytes(answer["screenshotData"])
            self._advance(_LOAD_TICK_MS)
        raise CompositionNotReady("the browser made no picture of the page", **self._said())

    def _begin_frame(self, screenshot: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make a frame. One may be lost when the page's surface has just changed; it is asked for again then."""
        asked = [self._ask_frame(screenshot)]
        started = time.monotonic()
        while time.monotonic() - started < _FRAME_S:
            self._check_time()
            for number in [number for number in asked if self._connection.answered(number)]:
                try:
                    return self._connection.answer(number, timeout_s=0)
                except ProtocolRefused:  # the frame before is not lost after all
                    asked.remove(number)
            self._connection.pump(_ASK_AGAIN_S)
            if time.monotonic() - started > _ASK_AGAIN_S * len(asked) + _ASK_AGAIN_S:
                self._advance(_LOAD_TICK_MS)
                asked.append(self._ask_frame(screenshot))
        raise self._overdue()

    def _ask_frame(self, screenshot: Mapping[str, Any] | None) -> int:
        parameters: dict[str, Any] = {"frameTimeTicks": self._tick, "interval": 1000 / float(self._options.frame_rate)}
        if screenshot:
            parameters["screenshot"] = screenshot
        return self._connection.send("HeadlessExperimental.beginFrame", parameters, self._session)

    def _advance(self, milliseconds: float) -> None:
        self._tick += milliseconds

    # --- calls ---

    def _browser(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return self._connection.call(method, parameters, timeout_s=_FRAME_S)

    def _call(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self._check_time()
        left = min(_FRAME_S, self._deadline - time.monotonic())
        try:
            return self._connection.call(method, parameters, self._session, timeout_s=max(left, 0.0))
        except CallOverdue as error:
            self._check_time()
            raise self._overdue() from error

    def _overdue(self) -> CompositionNotReady:
        self._connection.send("Runtime.terminateExecution", session=self._session)
        return CompositionNotReady(f"the page did not finish a frame within {_FRAME_S:.0f} seconds", **self._said())

    def _evaluate(self, expression: str) -> None:
        answer = self._call("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        if self._files.navigated:
            raise CompositionNavigated("the page went elsewhere after it had loaded")
        if "exceptionDetails" in answer:
            raise CompositionNotReady("the page failed while it showed a frame", **self._said(answer))

    def _check_time(self) -> None:
        if time.monotonic() >= self._deadline:
            raise DeadlineNear("the composition's frames were not done in time")

    # --- what the page says ---

    @property
    def said(self) -> tuple[str, ...]:
        """The page's last errors, the newest at the end."""
        return tuple(self._words)

    def _said(self, answer: Mapping[str, Any] | None = None) -> dict[str, object]:
        if answer is not None:
            self._note_exception(answer)
        words = list(self._words)
        logger.warning("composition page", extra={"said": words, "refused": list(self._files.refused)})
        return {"said": words[-3:], "refused": list(self._files.refused)[:3]}

    def _note(self, text: str) -> None:
        self._words.append(text[:_MAX_WORD])

    def _note_console(self, event: Mapping[str, Any]) -> None:
        if event.get("type") in ("error", "assert"):
            self._note(" ".join(str(given.get("value", given.get("description", ""))) for given in event["args"]))

    def _note_exception(self, event: Mapping[str, Any]) -> None:
        details = event["exceptionDetails"]
        self._note(str(details.get("exception", {}).get("description", details.get("text", ""))))

    def _note_navigation(self, event: Mapping[str, Any]) -> None:
        if self._loaded and "parentId" not in event["frame"]:
            self._files.navigated = True
