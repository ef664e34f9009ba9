"""usage: talker.py - servers that a client has to wait for, with fast open, at any address: mute (port
13) reads and never answers; slow (14) answers 2 s after the request; big (15) answers 200,000 bytes;
patient (16) answers once the handshake is over. Says "ready" once it listens."""

import asyncio
import resource
import socket

SLOW_S = 2
LINE = b"tfomap lab\r\n"
BIG = bytes(range(32, 122)) + b"\r\n"
BIG_LEN = 200000
ESTABLISHED = 1
TICK_S = 0.005


async def mute(_, writer):
	del writer


async def slow(_, writer):
	await asyncio.sleep(SLOW_S)
	writer.write(LINE)


async def big(_, writer):
	writer.write((BIG * (BIG_LEN // len(BIG) + 1))[:BIG_LEN])


async def patient(_, writer):
	s = writer.get_extra_info("socket")
	while (state := s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]) != ESTABLISHED:
		if state > 3:  # neither is it still half open
			return
		await asyncio.sleep(TICK_S)
	writer.write(LINE)


def serve(answer):
	async def one(reader, writer):
		try:
			if await reader.read(4096):
				await answer(reader, writer)
				if answer is not mute:
					writer.write_eof()
			while await reader.read(4096):
				pass
		except OSError:
			pass
		finally:
			writer.close()
	return one


def door(port):
	s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
	s.bind(("::", port))
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 4096)
	return s


async def main():
	for port, answer in ((13, mute), (14, slow), (15, big), (16, patient)):
		await asyncio.start_server(serve(answer), sock=door(port), backlog=4096)
	print("ready", flush=True)
	await asyncio.Event().wait()


most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
asyncio.run(main())
