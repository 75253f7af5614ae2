"""The process behind the drawing page: reads drawings with the learner's preprocess and network.

A question is a line of JSON on stdin, its answer a line on stdout: {} is answered by what there is
to say of the network, {"drawing": [height, width, base64]} by ten chances, or by an error with its
place. What the learner's code prints goes to the terminal. A watchdog ends the process when one
answer takes too long; the server then starts another.
"""

import base64
import json
import os
import sys
from pathlib import Path

import numpy as np

from checker.guard import Watchdog, describe, limit_memory

HERE = Path(__file__).resolve().parent
GIGABYTES = 4.0
WRITTEN_ANEW = "make milestone N=3"
COURSE = [str(HERE.parent), str(HERE.parent.parent / "data")]


class Wrong(Exception):
    """What the learner's code gave is no picture; the message says what it is."""


class Network:
    """The learner's code and trained network, loaded at the first question."""

    def __init__(self):
        self.trained = None

    def load(self):
        """Load it, unless it is there."""
        if self.trained is None:
            import mine
            import trained

            self.preprocess = mine.preprocess
            self.trained = trained.load_trained(trained.trained_file(), mine.build_model)
        return self.trained

    def about(self):
        """Say in a sentence what it learned from, and how well."""
        trained = self.load()
        from_what = "60,000 handwritten digits of MNIST"
        if trained.data != "MNIST":
            from_what = "1,437 handwritten digits of 8x8 pixels, since there was no MNIST"
        share = f"{100 * trained.accuracy:.1f}".removesuffix(".0")
        return {
            "about": f"Your network learned from {from_what}. "
            f"Of those it had never seen, it reads {share} %.",
            "data": trained.data,
            "accuracy": trained.accuracy,
        }

    def read(self, drawing):
        """Give the ten chances of a drawing, and the picture that the network saw."""
        trained = self.load()
        if not drawing.any():
            return {"empty": True}
        picture = checked(self.preprocess(drawing.copy()))
        if trained.data != "MNIST":
            picture = coarse(picture)
        chances = np.asarray(trained.probabilities(picture), np.float64)
        if chances.shape != (10,) or not np.isfinite(chances).all():
            raise Wrong("The network's ten chances are not ten finite numbers. Train it anew.")
        return {
            "digit": int(chances.argmax()),
            "chances": chances.round(4).tolist(),
            "sees": (255 * picture).round().astype(int).tolist(),
        }


def checked(picture):
    """Give the picture as float32 (28, 28); Wrong where preprocess gave anything else."""
    if picture is None:
        raise Wrong("preprocess gives None: is a return missing?")
    try:
        picture = np.asarray(getattr(picture, "data", picture), np.float32)
    except (TypeError, ValueError):
        raise Wrong(f"preprocess gives a {type(picture).__name__}, not an array.") from None
    if picture.shape != (28, 28):
        raise Wrong(f"preprocess gives shape {picture.shape}; the network wants (28, 28).")
    if not np.isfinite(picture).all():
        raise Wrong("preprocess gives numbers that are nan or inf.")
    low, high = float(picture.min()), float(picture.max())
    if low < -1e-3 or high > 1.001:
        raise Wrong(
            f"preprocess gives numbers from {low:.4g} to {high:.4g}; the network wants them "
            "from 0, paper, to 1, ink."
        )
    return picture.clip(0, 1)


def coarse(picture):
    """Give a picture (28, 28) as one of 8x8 pixels would come to the network, again (28, 28).

    The digits of 8x8 were made of bitmaps of 32x32 which they filled: each pixel counts the black
    ones of a block of 4x4. What is above 0.2 is black here; it makes lines as thick as theirs.
    """
    from digits import enlarge

    if not picture.any():
        return picture
    inked = [np.flatnonzero(picture.any(axis=axis)) for axis in (1, 0)]
    longest = max(int(np.ptp(places)) for places in inked) + 1
    steps = (np.arange(32) - 15.5) * longest / 32  # from the middle of the ink
    places = ((ink[0] + ink[-1]) / 2 + steps for ink in inked)
    rows, columns = (np.maximum(0, 1 - abs(p[:, None] - np.arange(28))) for p in places)
    bitmap = rows @ picture @ columns.T > 0.2  # (32, 32), by lines between the pixels' centres
    return enlarge(bitmap.reshape(1, 8, 4, 8, 4).sum(axis=(2, 4)))[0]


def answered(network, question, roots):
    """Answer one question; whatever goes wrong becomes a sentence with its place."""
    try:
        if "drawing" not in question:
            return network.about()
        height, width, ink = question["drawing"]
        drawing = np.frombuffer(base64.b64decode(ink), np.uint8).reshape(height, width)
        return network.read(drawing)
    except Wrong as error:
        return {"error": str(error), "mend": "make hint N=3 AT=preprocess"}
    except BaseException as error:  # a sys.exit of theirs is no end of ours
        return failure(error, roots)


def failure(error, roots):
    """Say what an exception means to who drew."""
    facts = describe(error, roots)
    frames, message = facts["frames"], facts["message"]
    if isinstance(error, FileNotFoundError) and str(error.filename).endswith(".npz"):
        return {"error": "There is no trained network yet.", "mend": WRITTEN_ANEW}
    if isinstance(error, NotImplementedError) and message.startswith(("milestone", "stage")):
        name = message.rpartition(": ")[2]
        said = {"error": f"{name} is not written yet."}
        if message.startswith("milestone 3"):
            said["mend"] = f"make hint N=3 AT={name}"
    elif not frames or not frames[-1][0].startswith("milestones/"):
        said = {"error": f"{facts['type']}: {message}", "mend": WRITTEN_ANEW}
    else:
        said = {"error": f"{facts['type']}: {message}"}
    if frames:
        path, line, _ = frames[-1]
        said["where"] = f"{path}:{line}"
        said["code"] = line_of(path, line)
    return said


def line_of(path, number):
    """Give a line of one of the learner's files, without the spaces around it."""
    try:
        return (
            Path(path).read_text(encoding="utf-8", errors="replace").split("\n")[number - 1].strip()
        )
    except (OSError, IndexError):
        return ""


def main():
    """Answer until stdin ends."""
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # input() in the learner's code finds no line,
    os.dup2(2, 1)  # and print() does not disturb the answers
    sys.path += COURSE
    root = os.getcwd()
    roots = [os.path.join(root, name) for name in ("tinytorch", "milestones")]
    limit_memory(GIGABYTES)
    watchdog = Watchdog(os.environ["TINYTORCH_WATCHDOG"], float(os.environ["TINYTORCH_SECONDS"]))
    network = Network()
    print("{}", file=answers, flush=True)
    for line in questions:
        watchdog.restart()
        answer = answered(network, json.loads(line), roots)
        watchdog.stop()
        print(json.dumps(answer), file=answers, flush=True)
    os._exit(0)  # threads of theirs are not waited for


if __name__ == "__main__":
    main()
