"""What the figures were measured on, and what a process uses."""

import os
import subprocess
from datetime import datetime, timezone

TICKS = os.sysconf("SC_CLK_TCK")


def facts():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / 1048576
    compiler = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout.splitlines()
    return {
        "machine": f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {os.uname().release}",
        "load average at the start of the table": f"{os.getloadavg()[2]:.1f} over 15 minutes",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "compiler": compiler[0] if compiler else "unknown",
        "command": "make bench",
    }


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid, key="VmRSS"):
    """`VmRSS` is now, `VmHWM` the highest so far."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key + ":"))


def folder_bytes(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
