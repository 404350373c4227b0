"""A RabbitMQ consumer that hands one message, the eighth that it sees, back each time it comes (`basic.nack` with requeue), as one does whose
work fails for ever. Which one it is lies in the file `handed-back.log`, for a worker that comes after a crash."""

import asyncio
import json
import os

import aio_pika

from pack.realtime.audit_client import effect, number, ready


async def main():
    connection = await aio_pika.connect(os.environ["PACK_RT_ADDRESS"])
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=5)
    queue = await channel.get_queue(json.loads(os.environ["PACK_RT_OPTIONS"]).get("queue", os.environ["PACK_RT_NAME"]))
    ready()
    seen = 0
    async with queue.iterator() as messages:
        async for message in messages:
            seen += 1
            if seen == 8 and not os.path.exists("handed-back.log"):
                with open("handed-back.log", "wb") as handle:
                    handle.write(message.body)
            chosen = open("handed-back.log", "rb").read() if os.path.exists("handed-back.log") else None
            if message.body == chosen:
                await asyncio.sleep(0.02)
                await message.nack(requeue=True)
                continue
            effect(number(message.body))
            await message.ack()


asyncio.run(main())
