"""One page in one browser: its calls, its frames, and what it says.

Invariants: nothing is waited for without a limit; a call that the page does not answer in its time is the page's error,
not ours; its clock stands still until it is moved.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from chalicelib.composition.capture import CaptureOptions
from chalicelib.composition.complaints import without_queries
from chalicelib.composition.facts import first_size
from chalicelib.composition.page import first_scripts
from chalicelib.errors import BrowserCrashed, CompositionNavigated, CompositionNotReady, DeadlineNear
from chalicelib.tools.browser_process import BrowserProcess
from chalicelib.tools.cdp import CallOverdue, ProtocolRefused
from chalicelib.tools.page_files import PageFiles

logger = logging.getLogger(__name__)

_FRAME_S = 30.0
_ANSWER_S = 5.0
_PUMP_S = 0.005
_ASK_AGAIN_S = 3.0
_LOOK_S = 0.5
_LEAVING_S = 5.0
_ELSEWHERE = "the page went elsewhere after it had loaded"
_MAX_WORDS = 40
_MAX_WORD = 300
# While the page loads its clock does not move. Chromium wants each frame later than the one before, by a microsecond at
# least: one that is not is never made, and none after it.
_FIRST_TICK_MS = 1000.0
SMALLEST_TICK_MS = 0.01
# For the frames of loading, and those that are made more than once.
_ROOM_MS = 10.0


class Page:
    """A page, empty at first.

    Attributes:
        documents: How many its main frame has come to so far.
        size: Of its picture, in pixels.
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
        self._files, self._options, self._deadline, self._look = files, options, deadline, look
        self._process, self._connection = process, process.connection
        self._words: deque[str] = deque(maxlen=_MAX_WORDS)
        self._tick = _FIRST_TICK_MS
        self._session = ""
        self._loaded = False
        self._left_by = 0.0
        self._crashed = False
        self.documents = 0
        self._metrics: dict[str, Any] = {}
        self.size = (0, 0)
        self._open()

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
        connection.on("Page.frameRequestedNavigation", lambda event, _: self._note_leaving(event))
        connection.on("Page.frameNavigated", lambda event, _: self._note_navigation(event))
        connection.on("Inspector.targetCrashed", lambda _event, _session: self._note_crash())
        self.call("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})
        self.call("Inspector.enable")
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call(
            "Page.addScriptToEvaluateOnNewDocument",
            {
                "source": first_scripts(self._files.runtime, self._options),
            },
        )
        self.measure(width, height, scale=Fraction(1))
        if self._options.transparent:
            self.call("Emulation.setDefaultBackgroundColorOverride", {"color": {"r": 0, "g": 0, "b": 0, "a": 0}})

    def measure(self, width: int, height: int, *, scale: Fraction) -> None:
        """Lay the page out at `width` x `height` CSS pixels, and draw it at `scale` times that."""
        # What the page is told, and what it is drawn at; headless Chromium does not join the two. It is told also where
        # nothing has changed, for a page may have come since.
        self._metrics = {"width": width, "height": height, "mobile": False, "deviceScaleFactor": float(scale)}
        self.shrink(1)
        self.size = round(width * scale), round(height * scale)
        # The picture has the size of the window, which the override has set to the page's.
        if scale != 1:
            window = self._browser("Browser.getWindowForTarget", {"targetId": self._files.main_frame})["windowId"]
            bounds = {"width": self.size[0], "height": self.size[1]}
            self._browser("Browser.setWindowBounds", {"windowId": window, "bounds": bounds})

    def shrink(self, times: int) -> None:
        """Draw the page so many times smaller, from the next frame on. It does not see that."""
        scale = self._metrics["deviceScaleFactor"] / times
        self.call("Emulation.setDeviceMetricsOverride", {**self._metrics, "scale": scale})

    def fill(self, colour: tuple[int, int, int] | None) -> None:
        """Make a frame of nothing but a colour (red, green, blue), as long as the page is empty; None: white again."""
        override = {"color": dict(zip("rgb", colour, strict=True))} if colour else {}
        self.call("Emulation.setDefaultBackgroundColorOverride", override)
        self.advance()
        self.begin_frame()

    def loaded(self) -> None:
        """From here on the main frame stays where it is."""
        self._files.close_doors()
        self._loaded = True

    @property
    def leaving(self) -> bool:
        """Whether the main frame is on its way to another document; not all that set out arrive."""
        return time.monotonic() < self._left_by

    # --- calls ---

    def ask(self, method: str, parameters: Mapping[str, Any]) -> int:
        """Call without waiting; `answered` and `answer` take the number."""
        return self._connection.send(method, parameters, self._session)

    def answered(self, number: int) -> bool:
        return self._connection.answered(number)

    def answer(self, number: int) -> dict[str, Any]:
        """Wait for the answer.

        Raises:
            CompositionNotReady: If the page gives none in its time.
            CompositionNavigated, BrowserCrashed: If there is no page any more to give one.
            DeadlineNear: When the deadline came.
        """
        started = time.monotonic()
        self.check_time()
        while not self._connection.answered(number):
            if time.monotonic() - started > _FRAME_S:
                raise self._overdue()
            self._wait()
            self.check_time()
        try:
            return self._connection.answer(number, timeout_s=0)
        except ProtocolRefused as error:
            if not self._loaded:
                raise  # the page moved on while it loads
            if self._files.navigated:
                raise CompositionNavigated(_ELSEWHERE) from error
            raise BrowserCrashed("the page has ended", reason=str(error)) from error

    def call(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """`ask` and `answer` in one."""
        return self.answer(self.ask(method, parameters or {}))

    def ask_for(self, expression: str) -> int:
        """Have the page evaluate an expression, and wait for it should it be a promise."""
        return self.ask("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})

    def value(self, number: int) -> Any:
        """What an expression came to.

        Raises:
            CompositionNavigated: If the page went elsewhere.
            CompositionNotReady: If it threw, or did not come to an end.
        """
        answer = self.answer(number)
        if self._files.navigated:
            raise CompositionNavigated(_ELSEWHERE)
        if "exceptionDetails" in answer:
            self._note_exception(answer)
            raise CompositionNotReady("the page failed while it showed a frame", **self.quoted())
        return answer["result"].get("value")

    def evaluate(self, expression: str) -> Any:
        """`ask_for` and `value` in one."""
        return self.value(self.ask_for(expression))

    def _browser(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._connection.call(method, parameters, timeout_s=_FRAME_S)
        except CallOverdue as error:
            raise BrowserCrashed("the browser does not answer") from error

    def _overdue(self) -> CompositionNotReady:
        self.ask("Runtime.terminateExecution", {})
        return CompositionNotReady(f"the page did not finish a frame within {_FRAME_S:.0f} seconds", **self.quoted())

    def _wait(self) -> None:
        """For whatever comes, but not longer than one may be blind and deaf to all else."""
        self._connection.pump(max(0.0, min(_LOOK_S, self._deadline - time.monotonic())))

    def check_time(self) -> None:
        """Raises DeadlineNear when the deadline came, BrowserCrashed when the page's process has died, and whatever
        else there is to end for."""
        self._look()
        if self._crashed:
            raise BrowserCrashed("the page's process has ended")
        if time.monotonic() >= self._deadline:
            raise DeadlineNear("the composition's frames were not done in time")

    def _note_crash(self) -> None:
        """The renderer is gone, and the browser is not: nothing that the page was asked will ever be answered."""
        self._crashed = True

    # --- frames ---

    def begin_frame(self, screenshot: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make a frame. One may be lost when the page's surface has just changed; it is asked for again then."""
        asked = [self._ask_frame(screenshot)]
        started = time.monotonic()
        effort: int | None = None
        while time.monotonic() - started < _FRAME_S:
            self.check_time()
            for number in [number for number in asked if self._connection.answered(number)]:
                try:
                    return self._connection.answer(number, timeout_s=0)
                except ProtocolRefused:  # the frame before is not lost after all
                    asked.remove(number)
            self._wait()
            if time.monotonic() - started > _ASK_AGAIN_S * len(asked) + _ASK_AGAIN_S:
                before, effort = effort, self._process.effort()
                if len(asked) > 1 and effort is not None and effort == before:
                    break  # it sleeps, and not because others have the processor
                self.advance(SMALLEST_TICK_MS)
                asked.append(self._ask_frame(screenshot))
        if self._page_answers():
            # So it is not the page that hangs; another browser makes the frame.
            raise BrowserCrashed("the browser makes no more frames")
        raise self._overdue()

    def _page_answers(self) -> bool:
        """Whether the page's scripts have come to an end, so that it takes a question."""
        asked, started = self.ask_for("1"), time.monotonic()
        while not self._connection.answered(asked) and time.monotonic() - started < _ANSWER_S:
            self.check_time()
            self._wait()
        return self._connection.answered(asked)

    def _ask_frame(self, screenshot: Mapping[str, Any] | None) -> int:
        parameters: dict[str, Any] = {"frameTimeTicks": self._tick, "interval": 1000 / float(self._options.frame_rate)}
        if screenshot:
            parameters["screenshot"] = screenshot
        return self.ask("HeadlessExperimental.beginFrame", parameters)

    def advance(self, milliseconds: float = SMALLEST_TICK_MS) -> None:
        """Let Chromium's clock pass. The page does not see it."""
        self._tick += milliseconds

    def reach(self, milliseconds: float) -> None:
        """Let Chromium's clock come to where the page's is, which says what neither of us places: pictures that move by
        themselves, scrolling, the browser's own controls."""
        self._tick = max(self._tick + SMALLEST_TICK_MS, _FIRST_TICK_MS + _ROOM_MS + milliseconds)

    def pump(self) -> None:
        """Make a frame that nobody sees, because a page does not load without; and take in what comes."""
        self.advance()
        self.begin_frame()
        self._connection.pump(_PUMP_S)

    # --- what the page says ---

    @property
    def said(self) -> tuple[str, ...]:
        """The page's last errors, the newest at the end."""
        return tuple(self._words)

    def quoted(self) -> dict[str, object]:
        """What goes with an error, and all of it to the log."""
        refused = list(self._files.refused)
        logger.warning("composition page", extra={"said": self.said, "refused": refused})
        return {"said": list(self.said[-3:]), "refused": refused[:3]}

    def _note(self, text: str) -> None:
        self._words.append(without_queries(text)[:_MAX_WORD])

    def _note_console(self, event: Mapping[str, Any]) -> None:
        if event.get("type") in ("error", "assert"):
            self._note(" ".join(str(given.get("value", given.get("description", ""))) for given in event["args"]))

    def _note_exception(self, event: Mapping[str, Any]) -> None:
        details = event["exceptionDetails"]
        self._note(str(details.get("exception", {}).get("description", details.get("text", ""))))

    def _note_leaving(self, event: Mapping[str, Any]) -> None:
        if event["frameId"] == self._files.main_frame:
            self._left_by = time.monotonic() + _LEAVING_S

    def _note_navigation(self, event: Mapping[str, Any]) -> None:
        if "parentId" in event["frame"]:
            return
        self._left_by = 0.0
        self.documents += 1
        if self._loaded:
            self._files.navigated = True
