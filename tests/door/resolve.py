"""Asks the local network: resolve.py host NAME prints the IPv4 addresses of NAME, resolve.py services TYPE what is
announced, one a line."""

import socket
import sys
import time

from zeroconf import DNSOutgoing, DNSQuestion, IPVersion, RecordUpdateListener, ServiceBrowser, Zeroconf
from zeroconf.const import _CLASS_IN, _FLAGS_QR_QUERY, _TYPE_A

LIMIT_S = 6


class Heard(RecordUpdateListener):
    """The addresses of a host."""

    def __init__(self, name):
        self.name = name
        self.addresses = set()

    def async_update_records(self, _zeroconf, _now, records):
        for record in records:
            if record.new.name.lower() == self.name and record.new.type == _TYPE_A:
                self.addresses.add(socket.inet_ntoa(record.new.address))


class Seen:
    """What a browser of services finds."""

    def __init__(self):
        self.names = set()

    def add_service(self, _zeroconf, _kind, name):
        self.names.add(name)

    def update_service(self, *_):
        pass

    def remove_service(self, *_):
        pass


def main():
    what, name = sys.argv[1:3]
    zeroconf = Zeroconf(ip_version=IPVersion.V4Only)
    try:
        if what == "host":
            heard = Heard(name + ".")
            question = DNSQuestion(name + ".", _TYPE_A, _CLASS_IN)
            zeroconf.add_listener(heard, question)
            until = time.monotonic() + LIMIT_S
            while not heard.addresses and time.monotonic() < until:
                query = DNSOutgoing(_FLAGS_QR_QUERY)
                query.add_question(question)
                zeroconf.send(query)
                time.sleep(1)
            print("\n".join(sorted(heard.addresses)))
            return
        seen = Seen()
        ServiceBrowser(zeroconf, name + ".", seen)
        time.sleep(LIMIT_S / 2)
        for service in sorted(seen.names):
            info = zeroconf.get_service_info(name + ".", service, LIMIT_S * 1000)
            print(service, info.server, info.port)
    finally:
        zeroconf.close()


main()
