#!/bin/sh
# mosquitto 2.0.11, paho-mqtt 2.2.0 (MQTT 5): a shared subscription ($share/g/t) with two members whose sessions are kept, one of them away. The broker goes on
# dealing out in turn: every second message waits for the member that is not there, while the one that is there has nothing to do. They come when it returns,
# and not at all when it never does (then they go with its session). So a worker that crashed holds half of the work, and adding workers does not help. MQTT 5
# leaves the choice to the server. Seen for ten messages: the living member 0 2 4 6 8, the other 1 3 5 7 9 after its return. A good guess was that members
# without a connection are passed over. Installs paho-mqtt into a temporary folder, which it removes; mosquitto is the machine's. Exits 0 while that is so.
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

class Member:
    """A client whose session is kept for ten minutes."""

    def __init__(self, name):
        self.got, self.ready, self.gone = [], threading.Event(), threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        self.client.on_message = lambda _client, _data, message: self.got.append(int(message.payload))
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_disconnect = lambda *_: self.gone.set()
        kept = Properties(PacketTypes.CONNECT)
        kept.SessionExpiryInterval = 600
        self.client.connect("127.0.0.1", port, clean_start=False, properties=kept)
        self.client.loop_start()

    def share(self):
        self.client.subscribe("$share/g/t", 1)
        assert self.ready.wait(10)
        return self

    def end(self):
        self.client.disconnect()
        assert self.gone.wait(10)
        self.client.loop_stop()

def until(true):
    for _ in range(50):
        if true():
            return
        time.sleep(0.1)

try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    there, away, sender = Member("there").share(), Member("away").share(), Member("sender")
    away.end()
    for number in range(10):
        sender.client.publish("t", str(number), 1).wait_for_publish(10)
    until(lambda: len(there.got) > 5)
    before = list(there.got)
    back = Member("away")
    until(lambda: len(back.got) == 5)
    after = list(back.got)
    for member in (there, sender, back):
        member.end()
finally:
    broker.terminate()
    broker.wait(10)
print("there", before, "away, after its return", after)
sys.exit(0 if sorted(before + after) == list(range(10)) and len(before) == len(after) == 5 else "changed")
'
