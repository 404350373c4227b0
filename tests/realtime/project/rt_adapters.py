"""Adapters of a project of its own, as rt.yaml names them with `module:Class`."""

import asyncio
import os
import subprocess
import sys

from pack.realtime.adapters.redis_ import Redis

HERE = os.path.dirname(os.path.abspath(__file__))


class Cqrs(Redis):
    """Commands go into one stream; a projector process appends them to its store, then tells the read side."""

    protocol = "cqrs"

    async def open(self, deliver):
        self.commands = self.name + ":commands"
        self.projector = subprocess.Popen([sys.executable, os.path.join(HERE, "projector.py"), self.address, self.commands, self.stream])
        await super().open(deliver)
        await self.producer.xadd(self.commands, {"m": b"warm 0"})
        while not await self.producer.xlen(self.stream):  # a Python takes a while to start where many run
            await asyncio.sleep(0.05)

    async def send(self, body, partition=0):
        await self.producer.xadd(self.commands, {"m": body})

    async def close(self):
        self.projector.kill()
        self.projector.wait()
        await self.producer.delete(self.commands)
        await super().close()


class Windows(Cqrs):
    """Latency: an event through a stage of its own process. Stream test: processor.py, whose output holds the windows."""

    protocol = "windows"
    processor = projector = None

    async def open(self, deliver):
        self.processor = False  # the stage is the projector; no windows
        await super().open(deliver)

    async def prepare(self):
        await super().prepare()
        if self.processor is None:
            self.options["output"] = self.stream + ":windows"
            command = [
                sys.executable,
                os.path.join(HERE, "processor.py"),
                self.address,
                self.stream,
                self.options["output"],
            ]
            self.processor = subprocess.Popen(command + [str(self.options["window_s"]), str(self.options["lateness_s"])])

    async def send(self, body, partition=0):
        await self.producer.xadd(self.stream if self.processor else self.commands, {"m": body})

    async def close(self):
        if self.processor:
            self.processor.kill()
            self.processor.wait()
            await self.producer.delete(self.stream + ":windows")
            await Redis.close(self)
        else:
            await super().close()


class Job(Redis):
    """A job that runs already and reads the stream `input` and writes the stream `output`, such as one of Flink."""

    protocol = "windows"

    async def open(self, deliver):
        self.stream = self.options["output"]
        await super().open(deliver)

    async def send(self, body, partition=0):
        await self.producer.xadd(self.options["input"], {"m": body})
