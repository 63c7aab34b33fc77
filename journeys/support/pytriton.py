"""Real PyTriton as a child process, in the virtual environment of its own that it needs."""

from support.peer import ENVIRONMENTS, Peer, clean_environment
from support.program import ROOT, free_ports

PYTHON = ENVIRONMENTS["pytriton"] / "bin/python"
_SCRIPT = ROOT / "journeys/peers/pytriton_server.py"


class PyTriton(Peer):
    def __init__(self, folder, otlp_url=None):
        self.ports = free_ports(3)
        self.http = f"http://127.0.0.1:{self.ports[0]}"
        self.grpc = f"127.0.0.1:{self.ports[1]}"
        self.url = f"{self.http}/v2/models/passthrough"
        command = [str(PYTHON), str(_SCRIPT), *map(str, self.ports), str(folder / "workspace")] + ([otlp_url] if otlp_url else [])
        super().__init__("PyTriton", folder, command, {**clean_environment("pytriton"), "OTEL_BSP_SCHEDULE_DELAY": "500"}, f"{self.url}/ready")
