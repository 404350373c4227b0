"""Three brokers of librdkafka's own mock cluster, in a process of their own. `python mock_kafka.py PORT`: the first line printed is their
addresses; a line sent to PORT is an order: `kill ID TOPIC [LOSE]` puts a broker down and lets the next one lead partition 0 (with LOSE, what it
holds before offset 100 is deleted, as if the next one had not been in sync), `up ID` brings it back.
"""

import ctypes
import glob
import os
import socketserver
import sys

import confluent_kafka

library = ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(confluent_kafka.__file__) + ".libs", "librdkafka*"))[0])
for name, answer, given in (
    ("rd_kafka_conf_new", ctypes.c_void_p, []),
    ("rd_kafka_new", ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    ("rd_kafka_mock_cluster_new", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    ("rd_kafka_mock_cluster_bootstraps", ctypes.c_char_p, [ctypes.c_void_p]),
    ("rd_kafka_mock_broker_set_down", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    ("rd_kafka_mock_broker_set_up", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    ("rd_kafka_mock_partition_set_leader", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]),
    ("rd_kafka_mock_partition_delete_records", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int64]),
):
    getattr(library, name).restype, getattr(library, name).argtypes = answer, given
handle = library.rd_kafka_new(0, library.rd_kafka_conf_new(), None, 0)
cluster = library.rd_kafka_mock_cluster_new(handle, 3)
print(library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)


class Orders(socketserver.StreamRequestHandler):
    def handle(self):
        words = self.rfile.readline().decode().split()
        if words[:1] == ["kill"]:
            topic = words[2].encode()
            library.rd_kafka_mock_broker_set_down(cluster, int(words[1]))
            library.rd_kafka_mock_partition_set_leader(cluster, topic, 0, int(words[1]) % 3 + 1)
            if words[3:] == ["LOSE"]:
                library.rd_kafka_mock_partition_delete_records(cluster, topic, 0, 100)
        elif words[:1] == ["up"]:
            library.rd_kafka_mock_broker_set_up(cluster, int(words[1]))
        self.wfile.write(b"done\n")


with socketserver.TCPServer(("127.0.0.1", int(sys.argv[1])), Orders) as server:
    server.serve_forever()
