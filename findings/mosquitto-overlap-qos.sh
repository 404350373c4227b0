#!/bin/sh
# mosquitto 2.0.11, paho-mqtt 2.2.0: two subscriptions of one MQTT 3.1.1 client that both match a topic. A live message comes once, with the
# *lower* of the two QoS, in whichever order they were made: "a/#" with 1 and "a/b" with 0 gives QoS 0, so a broad subscription can take the
# delivery guarantee from a narrow one. The specification (MQTT-3.3.5-1) asks for the highest. The retained message of that topic comes twice
# (0 and 1), and an MQTT 5 client gets live ones twice, too. Seen: 3.1.1 live [0] and [0], retained [0, 1]; 5 live [0, 1].
# A good guess was once with QoS 1. Installs paho-mqtt into a temporary folder, which it removes; mosquitto is the machine's. Exits 0 while so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" paho-mqtt==2.2.0 2>/dev/null
cd "$home"
PATH=$PATH:/usr/sbin PYTHONPATH=$home timeout 240 "$python" -c '
import socket, subprocess, sys, threading, time
import paho.mqtt.client as mqtt

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
with open("conf", "w") as conf:
    conf.write("listener %d 127.0.0.1\nallow_anonymous true\npersistence false\n" % port)
broker = subprocess.Popen(["mosquitto", "-c", "conf"], stderr=subprocess.DEVNULL)

def seen(protocol, subscriptions, name):
    """The QoS of the copies of the retained and of the live message, sorted. A last message on another topic says that all have come."""
    got, ready, end = {"retained": [], "live": []}, threading.Event(), threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=protocol)
    left = [len(subscriptions) + 1]

    def subscribed(*_):
        left[0] -= 1
        if not left[0]:
            ready.set()

    def arrived(_, __, message):
        if message.topic == "end":
            end.set()
        else:
            got["retained" if message.retain else "live"].append(message.qos)

    client.on_subscribe, client.on_message = subscribed, arrived
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, qos in subscriptions + [("end", 2)]:
        client.subscribe(topic, qos)
    assert ready.wait(10)
    client.publish("a/b", "live", 2)
    client.publish("end", "", 2)
    assert end.wait(10)
    client.disconnect()
    client.loop_stop()
    return sorted(got["retained"]), sorted(got["live"])

try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    keeper = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    keeper.connect("127.0.0.1", port)
    keeper.loop_start()
    keeper.publish("a/b", "kept", 2, retain=True).wait_for_publish(10)
    keeper.loop_stop()
    broad, narrow = ("a/#", 1), ("a/b", 0)
    three = [seen(mqtt.MQTTv311, [broad, narrow], "one"), seen(mqtt.MQTTv311, [narrow, broad], "two")]
    five = seen(mqtt.MQTTv5, [broad, narrow], "three")
finally:
    broker.terminate()
    broker.wait(10)
print("3.1.1", three, "5", five)
sys.exit(0 if three == [([0, 1], [0])] * 2 and five[1] == [0, 1] else "changed")
'
