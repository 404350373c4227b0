"""A consumer of MQTT with a shared subscription, as workers of a pool have it. `python shared_worker.py [clean]`: clean forgets its session."""

import os
import socket
import sys
from urllib.parse import urlsplit

import paho.mqtt.client as paho

host, port = os.environ["PACK_RT_POINT"].rsplit(":", 1)
line = socket.create_connection((host, int(port))).makefile("rwb")
line.write(b"member %s\n" % os.environ["PACK_RT_MEMBER"].encode())


def say(text):
    line.write(text.encode() + b"\n")
    line.flush()
    if line.readline() != b"go\n":
        os._exit(1)


def came(client, data, message):
    say("effect %d" % int(message.payload.split()[1]))
    client.ack(message.mid, message.qos)


name, where = os.environ["PACK_RT_NAME"], urlsplit(os.environ["PACK_RT_ADDRESS"])
client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="s" + name[-8:], clean_session="clean" in sys.argv, manual_ack=True)
client.on_connect = lambda client, *rest: client.subscribe("$share/pool/pack/" + name, qos=1)
client.on_subscribe = lambda *rest: say("ready")
client.on_message = came
client.connect(where.hostname, where.port)
client.loop_forever()
