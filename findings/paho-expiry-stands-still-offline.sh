#!/bin/sh
# paho-mqtt 2.2.0 (MQTT 5), mosquitto 2.0.11: publish() with QoS 1 while there is no connection answers rc 4 (MQTT_ERR_NO_CONN), as if it had failed, and keeps
# the message: it is sent after the next connect, so an application that sends again after that answer sends twice. Its MessageExpiryInterval stands still
# meanwhile: a message that was to live for 1 s and waited 3 s in the client leaves with the whole second left, and is delivered; the broker can only subtract
# its own time. Seen: rc 4, then both copies of an application that tried again, 3 s old, delivered. A good guess was that the client lets it expire, as brokers
# do. Installs paho-mqtt into a temporary folder, which it removes; mosquitto is the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" paho-mqtt==2.2.0 2>/dev/null
cd "$home"
PATH=$PATH:/usr/sbin PYTHONPATH=$home timeout 240 "$python" -c '
import socket, subprocess, sys, threading, time
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
with open("conf", "w") as conf:
    conf.write("listener %d 127.0.0.1\nallow_anonymous true\npersistence false\n" % port)
broker = subprocess.Popen(["mosquitto", "-c", "conf"], stderr=subprocess.DEVNULL)

def client(name):
    return mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)

try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    got, ready, end = [], threading.Event(), threading.Event()
    reader, sender = client("reader"), client("sender")
    reader.on_subscribe = lambda *_: ready.set()
    reader.on_message = lambda _client, _data, message: end.set() if message.payload == b"end" else got.append(message.payload.decode())
    reader.connect("127.0.0.1", port)
    reader.loop_start()
    reader.subscribe("t", 1)
    assert ready.wait(10)
    short = Properties(PacketTypes.PUBLISH)
    short.MessageExpiryInterval = 1
    answers = [sender.publish("t", "a second long", 1, properties=short).rc for _ in range(2)]
    time.sleep(3)
    sender.connect("127.0.0.1", port)
    sender.loop_start()
    sender.publish("t", "end", 1)
    assert end.wait(10)
    for one in (reader, sender):
        one.disconnect()
        one.loop_stop()
finally:
    broker.terminate()
    broker.wait(10)
print("answers", answers, "delivered", got)
sys.exit(0 if answers == [4, 4] and got == ["a second long"] * 2 else "changed")
'
