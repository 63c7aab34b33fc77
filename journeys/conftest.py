"""Fixtures of the journeys: the real program, started on free ports with a data folder of its own."""

import signal

import pytest

from support import browser as chromium
from support import studio
from support.program import Needletail

# What is started in the background has Ctrl-C ignored, and its children too: then no journey could stop anything with it.
signal.signal(signal.SIGINT, signal.default_int_handler)

_started = []


@pytest.fixture
def start(tmp_path_factory):
    """Starts programs for one test: `start("up", "--trace-config", "rate=1")`. What still runs is stopped after it."""
    mine = []

    def starter(subcommand, *arguments, **options):
        program = Needletail(subcommand, tmp_path_factory.mktemp(subcommand), arguments, **options)
        mine.append(program)
        _started.append(program)
        return program.start()

    yield starter
    _end(mine)


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """`needletail up`, one for all tests of a file."""
    program = Needletail(
        "up", tmp_path_factory.mktemp("up"),
        ["--trace-config", "opentelemetry,bsp_schedule_delay=100",
         "--trace-config", "opentelemetry,resource=service.name=test_server_with_passthrough",
         "--trace-config", "opentelemetry,resource=test.key=test.value"],
    )
    _started.append(program)
    yield program.start()
    _end([program])


@pytest.fixture(scope="module")
def traces_program(tmp_path_factory):
    """`needletail traces`, one for all tests of a file."""
    program = Needletail("traces", tmp_path_factory.mktemp("traces"))
    _started.append(program)
    yield program.start()
    _end([program])


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """`needletail traces` with an hour of sample traces: read-only, one for all tests of the studio. Whoever stores something starts a program of its own."""
    if found := studio.running():
        yield found
        return
    program = Needletail("traces", tmp_path_factory.mktemp("sample"))
    _started.append(program)
    yield studio.load(program.start().query)
    _end([program])


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium for all tests."""
    with chromium.chromium() as one:
        yield one


@pytest.fixture
def page(browser):
    """A page that fails its test for any error it reports."""
    with chromium.watched_page(browser) as one:
        yield one


@pytest.fixture(scope="session")
def everything(sample):
    """Every trace of the hour as a row of facts."""
    rows, cursor = [], None
    while True:
        answer = sample.ask("search", rows=200, **({"cursor": cursor} if cursor else {}))
        rows += answer["rows"]
        cursor = answer.get("cursor")
        if not cursor:
            return rows


@pytest.fixture
def unwatched(browser):
    """A page that may be refused."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="UTC")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def _end(programs):
    for program in programs:
        if program.is_running:
            assert program.stop() == 0, f"needletail {program.subcommand} did not stop cleanly:\n{program.log()}"
        _started.remove(program)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for program in _started:
            report.sections.append((f"log of needletail {program.subcommand}", program.log()))
    return report
