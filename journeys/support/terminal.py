"""`needletail trace …` as a user runs it: in a pipe, and on a terminal of a given width."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass

from support.program import binary

_QUIET = ("NEEDLETAIL_URL", "NEEDLETAIL_TEMPO_URL", "NO_COLOR", "COLUMNS")


def environment(program=None, **extra):
    clean = {key: value for key, value in os.environ.items() if key not in _QUIET}
    if program is not None:
        clean |= {"NEEDLETAIL_URL": program.query, "NEEDLETAIL_TEMPO_URL": program.tempo}
    return {**clean, "TERM": "xterm-256color", "TZ": "UTC", **extra}


def trace(program, *arguments, stdin=b"", **extra):
    """One command in a pipe: exit code, standard output and standard error."""
    done = subprocess.run(
        [binary(), "trace", *map(str, arguments)], input=stdin, capture_output=True, timeout=120, env=environment(program, **extra)
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@dataclass
class Screen:
    code: int
    text: str

    @property
    def plain(self):
        """Without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.text)

    @property
    def lines(self):
        return self.plain.replace("\r\n", "\n").rstrip("\n").split("\n")


class OnTerminal:
    """A command on a pseudo-terminal."""

    def __init__(self, program, *arguments, columns=100, **extra):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        self.process = subprocess.Popen(
            [binary(), "trace", *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, env=environment(program, **extra),
            start_new_session=True,
        )
        os.close(slave)
        self.master = master
        self.output = b""

    def read_until(self, predicate, timeout=60):
        """Reads until the text so far pleases `predicate`, or the command ended."""
        deadline = time.monotonic() + timeout
        while not predicate(self.output.decode(errors="replace")):
            assert time.monotonic() < deadline, f"still waiting after {timeout} s; so far: {self.output!r}"
            if not select.select([self.master], [], [], 0.5)[0]:
                continue
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                break  # Linux: the other side is closed
            if not piece:
                break
            self.output += piece
        return self.output.decode(errors="replace")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def finish(self, timeout=60):
        self.read_until(lambda _: False, timeout)
        code = self.process.wait(timeout=timeout)
        os.close(self.master)
        return Screen(code, self.output.decode(errors="replace"))


def on_terminal(program, *arguments, **options):
    """One command on a terminal, from start to end."""
    return OnTerminal(program, *arguments, **options).finish()
