"""The sample that `make run` publishes when no VIDEO is given: drawn and composed by ffmpeg, so that none is shipped.

Twenty seconds of 1280x720 at 30 fps: an arpeggio, and its spectrum over slow colours. Long enough for two chunks.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

SECONDS = 20
_NOTES_HZ = (220.0, 277.18, 329.63, 440.0, 554.37, 659.26, 554.37, 440.0)


def _melody() -> str:
    """An aevalsrc expression: one plucked note every quarter second, an octave pad below."""
    notes = "+".join(
        f"eq(mod(floor(t*4),{len(_NOTES_HZ)}),{index})*sin(2*PI*{hertz}*t)" for index, hertz in enumerate(_NOTES_HZ)
    )
    return f"0.25*exp(-5*mod(t,0.25))*({notes})+0.06*sin(2*PI*110*t)+0.04*sin(2*PI*164.81*t)"


def make_sample(ffmpeg: Path, target: Path) -> Path:
    """Write the sample to `target` unless it is there; returns `target`.

    Raises:
        subprocess.CalledProcessError: If ffmpeg fails.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part.mp4")
    colours = "c0=0x1b1f5e:c1=0x0f7c90:c2=0x7a2f8f:c3=0xd9734e:nb_colors=4"
    picture = f"gradients=s=1280x720:r=30:d={SECONDS}:speed=0.012:type=radial:seed=11:{colours}"
    melody = _melody()
    spectrum = "showcqt=s=1280x720:r=30:bar_h=520:axis_h=0:sono_h=200:bar_g=3:sono_g=4:sono_v=14:bar_v=16"
    screen = "[c][s]blend=all_mode=screen,format=yuv420p[v]"
    graph = f"[1:a]asplit[heard][seen];[seen]{spectrum},format=gbrp[s];[0:v]format=gbrp[c];{screen}"
    command = [str(ffmpeg), "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", f"aevalsrc='{melody}|{melody}':s=48000:d={SECONDS}", "-filter_complex", graph]
    command += [
        "-map",
        "[v]",
        "-map",
        "[heard]",
        "-t",
        str(SECONDS),
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "19",
    ]
    command += ["-c:a", "aac", "-b:a", "160k", "-movflags", "+faststart", str(unfinished)]
    subprocess.run(command, check=True)
    return unfinished.replace(target)
