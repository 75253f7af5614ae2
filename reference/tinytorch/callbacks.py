"""Callbacks of the Trainer: what is called at certain moments of a run (stage 07)."""

import shutil
import sys
import time

__all__ = ["Checkpoint", "ProgressBar"]


class Checkpoint:
    """A callback that writes a checkpoint after every epoch, and after every `every` batches."""

    def __init__(self, path, every=None):
        self.path, self.every = path, every

    def on_batch_end(self, trainer):
        """Write, where it is time."""
        if self.every and trainer.batch % self.every == 0:
            trainer.save_checkpoint(self.path)

    def on_epoch_end(self, trainer):
        """Write."""
        trainer.save_checkpoint(self.path)


class ProgressBar:
    """A callback that shows how far the epoch is, and a line for each that is done.

    Text on one line that overwrites itself; silent where the output is no terminal, unless
    `always` is set.
    """

    def __init__(self, stream=None, *, always=False, width=20, every=0.1):
        self.stream = sys.stdout if stream is None else stream
        self.on = always or getattr(self.stream, "isatty", lambda: False)()
        self.width, self.every = width, every
        self.began = self.shown = 0.0
        self.first = self.length = 0

    def on_epoch_start(self, trainer):
        """Start the clock."""
        self.began, self.shown, self.first = time.perf_counter(), 0.0, trainer.batch

    on_fit_start = on_epoch_start

    def on_batch_end(self, trainer):
        """Draw the bar, at most every tenth of a second."""
        now = time.perf_counter()
        if self.on and now - self.shown >= self.every:
            self.shown = now
            self._show(self._bar(trainer, now - self.began))

    def on_epoch_end(self, trainer):
        """Put the line of the epoch in the place of the bar."""
        if self.on:
            last = trainer.history[-1]
            numbers = {k: v for k, v in last.items() if k not in ("epoch", "lr", "seconds")}
            self._show(f"{_counted(trainer, 0)}  {_said(numbers)}  {last['seconds']:.1f} s")
            self.stream.write("\n")
            self.length = 0

    def _bar(self, trainer, seconds):
        done, total = trainer.batch, trainer.batches
        text = f"{_counted(trainer, 1)}  {_said(trainer.totals.result())}"
        if not total:
            return f"{text}  batch {done}"
        full = self.width * done // total
        left = seconds / max(done - self.first, 1) * (total - done)
        return f"{text}  [{'#' * full}{'.' * (self.width - full)}] {left:.0f} s left"

    def _show(self, text):
        text = text[: shutil.get_terminal_size().columns - 1]  # a line that wraps stays behind
        self.stream.write("\r" + text.ljust(self.length))
        self.stream.flush()
        self.length = len(text)


def _counted(trainer, more):
    total = f"/{trainer.epochs}" if trainer.epochs else ""
    return f"epoch {trainer.epoch + more}{total}"


def _said(numbers):
    return "  ".join(f"{name} {value:.4f}" for name, value in numbers.items())
