"""A headless Chromium, driven over a pipe: nothing but the standard library and the browser.

Source: https://chromedevtools.github.io/devtools-protocol/ (messages end in a NUL byte).
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Browser", "find_chromium", "open_browser"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LAUNCH = """import fcntl, os, sys
for end, number in zip(sys.argv[1:3], (3, 4)):
    os.dup2(fcntl.fcntl(int(end), fcntl.F_DUPFD, 10), number)
os.execv(sys.argv[3], sys.argv[3:])"""
"""Starts a program that reads from descriptor 3 and writes to 4, as Chromium does."""


def find_chromium() -> str | None:
    """Return the path of a browser; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page of a browser."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._rest, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Return what the browser answers."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._receive, 1 << 20)
            if not data:
                raise RuntimeError("the browser has gone")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def wait(self, event: str) -> None:
        """Wait until the page has told of an event."""
        while not any(told.get("method") == event for told in self.events):
            self.events.append(self._next())

    def show(self, path: Path, *, width: int = 1100, dark: bool = False) -> None:
        """Load a file, in a window so wide; what an earlier page told is forgotten."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.events.clear()
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("Page.loadEventFired")

    def value(self, script: str) -> Any:  # noqa: ANN401
        """Return what a script gives."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")

    def complaints(self) -> list[str]:
        """Return what stands in the console, and requests for anything but the page."""
        self.value("1")  # so that what was told before is here
        said = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Log.entryAdded":
                said.append(params["entry"]["text"])
            elif method == "Runtime.exceptionThrown":
                said.append(json.dumps(params["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled":
                said.append(json.dumps(params["args"]))
            elif method == "Network.requestWillBeSent" and params["type"] != "Document":
                said.append(f"asks for {params['request']['url'][:200]}")
        return said

    def picture(self, height: int | None = None, top: int = 0) -> bytes:
        """Return the page as PNG, from `top` on, so high or as it is."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": top, "width": size["width"], "height": height or size["height"]}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={**clip, "scale": 1})  # fmt: skip
        return base64.b64decode(shot["data"])


@contextlib.contextmanager
def open_browser(path: str) -> Iterator[Browser]:
    """Open a browser with a profile of its own, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        to_read, to_send = os.pipe()
        to_receive, to_write = os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--remote-debugging-pipe", f"--user-data-dir={profile}"]  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(to_read), str(to_write), path, *options],
            pass_fds=(to_read, to_write), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        try:
            yield Browser(to_send, to_receive)
        finally:
            os.close(to_send)
            os.close(to_receive)
            process.terminate()
            process.wait(20)
