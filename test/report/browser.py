"""A page as a browser shows it: Chromium without a window and without a network, asked through its
debugging pipe (the DevTools protocol: JSON texts with a NUL between)."""

import base64
import json
import os
import select
import shutil
import struct
import subprocess
import zlib

LIFE_S = 90
LOOK = """(() => {
	const all = name => [...document.querySelectorAll(name)];
	return JSON.stringify({
		title: document.title, tables: all('table').length, svgs: all('figure svg').length,
		svg_heights: all('figure svg').map(s => s.getBoundingClientRect().height),
		height: document.documentElement.scrollHeight,
		overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth});
})()"""


class Skip(Exception):
	"""It cannot be tried on this machine: why"""


class Browser:
	def __init__(self, folder):
		program = shutil.which("chromium")
		if not program:
			raise Skip("chromium is not installed (make deps)")
		alone = ["unshare", "--net"] + ["--map-root-user"] * (os.geteuid() != 0)
		if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
			raise Skip("no network namespaces here: the browser is not tried with a network")
		theirs_in, self.to = os.pipe()
		self.back, theirs_out = os.pipe()
		with open(os.path.join(folder, "browser.log"), "wb") as log:
			self.child = subprocess.Popen(["sh", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}',
				"sh", *alone, program, "--headless", "--no-sandbox", "--disable-gpu",
				"--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
				f"--user-data-dir={folder}/profile", "--remote-debugging-pipe", "about:blank"],
				pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
				env={**os.environ, "HOME": folder})
		os.close(theirs_in)
		os.close(theirs_out)
		self.n, self.rest, self.session = 0, b"", None

	def _message(self):
		while b"\0" not in self.rest:
			if not select.select([self.back], [], [], LIFE_S)[0]:
				raise TimeoutError(f"the browser said nothing for {LIFE_S} s")
			piece = os.read(self.back, 1 << 20)
			if not piece:
				raise EOFError("the browser ended")
			self.rest += piece
		text, self.rest = self.rest.split(b"\0", 1)
		return json.loads(text)

	def ask(self, method, **params):
		"""What it answers; events in between are passed over"""
		self.n += 1
		request = {"id": self.n, "method": method, "params": params}
		if self.session:
			request["sessionId"] = self.session
		os.write(self.to, json.dumps(request).encode() + b"\0")
		while (said := self._message()).get("id") != self.n:
			pass
		if "error" in said:
			raise RuntimeError(f"{method}: {said['error']}")
		return said["result"]

	def wait(self, event):
		while self._message().get("method") != event:
			pass

	def close(self):
		self.session = None
		try:
			self.ask("Browser.close")
		except (OSError, EOFError, TimeoutError, RuntimeError):
			self.child.kill()
		self.child.wait()
		os.close(self.to)
		os.close(self.back)


def pixels(png):
	"""The pixels of a PNG as the browser writes it (8 bits, RGB or RGBA), row by row"""
	at, packed, width, step = 8, b"", 0, 4
	while at < len(png):
		length, kind = struct.unpack(">I4s", png[at:at + 8])
		body = png[at + 8:at + 8 + length]
		if kind == b"IHDR":
			width, step = struct.unpack(">I", body[:4])[0], {2: 3, 6: 4}[body[9]]
		elif kind == b"IDAT":
			packed += body
		at += 12 + length
	raw, line_len = zlib.decompress(packed), width * step
	above = bytearray(line_len)
	for start in range(0, len(raw), line_len + 1):
		line = bytearray(raw[start + 1:start + 1 + line_len])
		for i in range(line_len):
			a = line[i - step] if i >= step else 0
			b, c = above[i], above[i - step] if i >= step else 0
			p = a + b - c
			nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
			line[i] = line[i] + (0, a, b, (a + b) // 2, nearest)[raw[start]] & 255
		yield [bytes(line[i:i + 3]) for i in range(0, line_len, step)]
		above = line


def look(folder, name, width):
	"""The page at that width: what LOOK says, and how many colours a picture of it has. The picture
	is kept as NAME.WIDTH.png"""
	browser = Browser(folder)
	try:
		target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
		browser.session = browser.ask("Target.attachToTarget", targetId=target,
			flatten=True)["sessionId"]
		browser.ask("Page.enable")
		browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=800,
			deviceScaleFactor=1, mobile=width < 600)
		browser.ask("Page.navigate", url=f"file://{folder}/{name}")
		browser.wait("Page.loadEventFired")
		shown = json.loads(browser.ask("Runtime.evaluate", expression=LOOK)["result"]["value"])
		clip = {"x": 0, "y": 0, "width": width, "height": min(shown["height"], 2400)}
		for scale, suffix in ((1, ".png"), (160 / width, ".small.png")):
			png = base64.b64decode(browser.ask("Page.captureScreenshot", format="png",
				captureBeyondViewport=True, clip={**clip, "scale": scale})["data"])
			with open(os.path.join(folder, f"{name}.{width}{suffix}"), "wb") as f:
				f.write(png)
		shown["colours"] = len({pixel for line in pixels(png) for pixel in line})
		return shown
	finally:
		browser.close()
