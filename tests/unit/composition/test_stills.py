"""When a frame is captured, and when only tried."""

from __future__ import annotations

from chalicelib.composition.stills import Step, StillFrames


def test_two_equal_pictures_begin_the_trying() -> None:
    """After the second a frame is let pass, once; from then on frames are tried, until one shows damage."""
    stills = StillFrames()
    assert stills.next() is Step.CAPTURE
    assert not stills.captured(b"a")
    assert stills.next() is Step.CAPTURE
    assert stills.captured(b"a")
    assert stills.next() is Step.TRY
    assert stills.last == b"a"
    stills.damaged()
    assert stills.next() is Step.CAPTURE
    assert not stills.captured(b"b")
    assert stills.next() is Step.CAPTURE


def test_damage_without_a_change_lets_a_frame_pass_again() -> None:
    """A capture damages the next frame, so one more is let pass before the next try."""
    stills = StillFrames()
    for _ in range(2):
        stills.captured(b"a")
    stills.damaged()
    assert stills.captured(b"a")
    assert stills.next() is Step.TRY
