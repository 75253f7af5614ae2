"""The workspace's git repository: made on setting up, with a first commit, where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["make"]


def make(workspace):
    """Make what is missing of the repository, and give the sentences that tell the learner so."""

    def git(*arguments):
        command = ["git", "-c", "commit.gpgsign=false", *arguments]
        return subprocess.run(
            command, cwd=workspace, capture_output=True, encoding="utf-8", errors="replace"
        )

    if not shutil.which("git"):
        return [
            "git is not installed: what needs history (undo, diff SINCE, update) will not work."
        ]
    told, steps = [], []
    if not (workspace / ".git").exists():  # a repository around the workspace is not its own
        steps = [["init", "--quiet"], ["symbolic-ref", "HEAD", "refs/heads/main"]]
    if steps or git("rev-parse", "--verify", "HEAD").returncode:
        name = []
        if git("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT").returncode:
            name = ["-c", "user.name=learner", "-c", "user.email=learner@localhost"]
            told.append("git does not know who you are: the first commit is by 'learner'.")
        commit = ["commit", "--quiet", "--no-verify", "-m", "A new workspace"]
        steps += [["add", "--all"], [*name, *commit]]
        told.append("A git repository keeps your work: first commit made.")
    for step in steps:
        done = git(*step)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return [f"git {step[0]} did not work: {reason}", "next: python learn.py setup"]
    return told


if __name__ == "__main__":
    for sentence in make(Path(os.environ["TINYTORCH_WORKSPACE"])):
        print(sentence, file=sys.stderr)
