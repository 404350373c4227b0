#!/bin/sh
# mosquitto 2.0.11, paho-mqtt 2.2.0: QoS 2 ("exactly once") with a wide window. A broker of default settings has room for 20 + 1,000 unfinished messages of QoS 2 a
# connection; of what comes beyond that it completes the whole handshake (PUBREC, PUBCOMP, "Success"), hands it to nobody, and counts nothing: $SYS
# .../messages/dropped stays 0. MQTT 3.1.1 has no word for such a limit, so a client that sends a burst (max_inflight_messages_set(3000)) does nothing wrong and cannot
# know. By MQTT 5 the broker says 20 (Receive Maximum), and paho sends 3,000 at once all the same. With paho's default window of 20 all come. Seen for 3,000 messages
# and a subscriber that is there all the time: window 20: 3,000 completed, 3,000 came; window 3,000: 3,000 completed, 416 to 1,703 came, dropped 0.
# A good guess was that a completed handshake means delivered, and at least that a drop is counted. Installs paho-mqtt into a temporary folder, which it removes;
# mosquitto is the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 120 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" paho-mqtt==2.2.0 2>/dev/null
cd "$home"
PATH=$PATH:/usr/sbin PYTHONPATH=$home timeout 120 "$python" -c '
import socket, subprocess, sys, threading, time
import paho.mqtt.client as paho

COUNT = 3000
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
with open("m.conf", "w") as conf:
    conf.write("listener %d 127.0.0.1\nallow_anonymous true\nsys_interval 1\n" % port)
server = subprocess.Popen(["mosquitto", "-c", "m.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def client(protocol):
    made, up = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=protocol), threading.Event()
    made.on_connect = lambda *told: up.set()
    return made, up

def until(true):
    end = time.monotonic() + 20
    while not true() and time.monotonic() < end:
        time.sleep(0.05)

def trial(protocol, window):
    came, dropped, completed, ready = set(), [], [], threading.Event()
    topic = "t/%d/%d" % (protocol, window)
    listening, up = client(protocol)
    listening.on_subscribe = lambda *told: ready.set()
    listening.on_message = lambda c, u, m: dropped.append(int(m.payload)) if m.topic.startswith("$") else came.add(m.payload)
    listening.connect("127.0.0.1", port)
    listening.loop_start()
    up.wait(10)
    listening.subscribe([(topic, 0), ("$SYS/broker/publish/messages/dropped", 0)])
    ready.wait(10)
    sending, up = client(protocol)
    sending.max_inflight_messages_set(window)
    sending.on_publish = lambda c, u, mid, code, properties: completed.append(not code.is_failure)
    sending.connect("127.0.0.1", port)
    sending.loop_start()
    up.wait(10)
    for number in range(COUNT):
        sending.publish(topic, b"%d" % number, qos=2)
    until(lambda: len(completed) == COUNT)
    until(lambda: len(came) == COUNT or time.sleep(3) is None)  # what is to come has come, and the numbers are said every second
    for one in (sending, listening):
        one.disconnect()
        one.loop_stop()
    return sum(completed), len(came), dropped[-1]

try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    seen = {(protocol, window): trial(protocol, window) for protocol in (paho.MQTTv311, paho.MQTTv5) for window in (20, COUNT)}
finally:
    server.kill()
    server.wait()
for (protocol, window), told in seen.items():
    print("MQTT %d, window %d: completed %d, came %d, dropped %d" % ((protocol, window) + told))
right = all(
    completed == COUNT and dropped == 0 and (came == COUNT) == (window == 20) for (protocol, window), (completed, came, dropped) in seen.items()
)
sys.exit(0 if right else "changed")
'
