"""Settings are checked before anything starts, and a wrong word is answered with the right ones."""

import subprocess

import pytest

from support.program import binary


RECEIVERS = ["zipkin", "jaeger-compact", "jaeger-binary", "jaeger-grpc", "jaeger-http"]


def run(*arguments):
    return subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("subcommand", ["up", "serve", "traces"])
def test_config_check_starts_nothing(subcommand, tmp_path):
    folder = tmp_path / "data"
    data = [] if subcommand == "serve" else ["--data-dir", str(folder)]
    done = run(subcommand, "--config-check", *data)
    assert done.returncode == 0, done.stderr
    assert not folder.exists()


@pytest.mark.parametrize(
    ("word", "named", "valid"),
    [
        ("colour=blue", "colour", ["level", "rate", "count", "mode"]),
        ("opentelemetry,path=x", "path", ["url", "resource", "bsp_max_queue_size", "bsp_schedule_delay", "bsp_max_export_batch_size"]),
    ],
)
def test_an_unknown_trace_setting_is_accepted_as_triton_does_and_said(word, named, valid):
    done = run("serve", "--config-check", "--trace-config", word)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert named in text
    for one in valid:
        assert one in text


@pytest.mark.parametrize(
    ("word", "named", "valid"),
    [
        ("level=LOUD", "loud", ["TIMESTAMPS", "OFF"]),
        ("mode=jaeger", "jaeger", ["opentelemetry"]),
        ("rate=often", "often", ["rate"]),
        ("count=-7", "-7", ["count"]),
        ("opentelemetry,bsp_schedule_delay=soon", "soon", ["bsp_schedule_delay"]),
        ("nonsense", "nonsense", ["="]),
    ],
)
@pytest.mark.parametrize("subcommand", ["serve", "up"])
def test_a_wrong_trace_config_word(subcommand, word, named, valid, tmp_path):
    done = run(subcommand, "--config-check", "--trace-config", word)
    text = done.stdout + done.stderr
    assert done.returncode != 0, text
    assert named in text
    for one in valid:
        assert one in text, f"{one!r} is not named in: {text}"
    assert "Fatal error" not in text


@pytest.mark.parametrize("url", ["ftp://localhost/v1/traces", "http://:99999/v1/traces", "two words"])
def test_a_wrong_url_is_found_by_the_check(url):
    done = run("serve", "--config-check", "--trace-config", "level=TIMESTAMPS", "--trace-config", f"opentelemetry,url={url}")
    assert done.returncode != 0
    assert url in done.stderr and "http://localhost:4318/v1/traces" in done.stderr


def test_good_words_pass():
    words = [
        "level=TIMESTAMPS", "rate=1", "count=-1", "mode=opentelemetry", "opentelemetry,url=127.0.0.1:4318/v1/traces",
        "opentelemetry,resource=service.name=a,b=c", "opentelemetry,resource=test.key=test.value",
        "opentelemetry,bsp_max_queue_size=2048", "opentelemetry,bsp_schedule_delay=5000", "opentelemetry,bsp_max_export_batch_size=512",
    ]
    done = run("serve", "--config-check", *[part for word in words for part in ("--trace-config", word)])
    assert done.returncode == 0, done.stderr


def test_a_settings_file(tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text("http-port: 8123\ntrace-config:\n  - level=TIMESTAMPS\n  - rate=1\n  - mode=opentelemetry\n")
    assert run("serve", "--config", str(good), "--config-check").returncode == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text("http-prot: 8123\n")
    done = run("serve", "--config", str(bad), "--config-check")
    assert done.returncode != 0
    assert "http-prot" in done.stderr and "http-port" in done.stderr and "bad.yaml:1" in done.stderr


def test_a_port_in_use_is_explained(start, tmp_path):
    program = start("traces")
    done = run(
        "traces", "--otlp-http-port", str(program.otlp_http_port), "--otlp-grpc-port", "0", "--query-port", "0",
        *[part for name in RECEIVERS for part in (f"--{name}-port", "off")], "--data-dir", str(tmp_path / "other"),
    )
    assert done.returncode != 0
    assert str(program.otlp_http_port) in done.stdout + done.stderr


@pytest.mark.parametrize("subcommand", [[], ["up"], ["serve"], ["traces"]])
def test_help_teaches(subcommand):
    done = run(*subcommand, "--help")
    assert done.returncode == 0
    assert "USAGE" in done.stdout
