"""Ports of a stack: free, distinct, and kept."""

import socket

from infra.local.ports import FIRST, LAST, assign, free_ports, is_free


def test_free_ports_are_distinct_and_below_the_ephemeral_range() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(FIRST <= port < LAST for port in ports)


def test_a_port_in_use_is_not_free() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert not is_free(server.getsockname()[1])


def test_ports_taken_are_not_chosen() -> None:
    taken = set(range(FIRST, LAST - 50))
    assert taken.isdisjoint(free_ports(5, taken))


def test_a_home_keeps_its_ports() -> None:
    first = assign(["kafka", "zipkin"], {})
    again = assign(["kafka", "zipkin", "gateway-http"], first)
    assert {name: again[name] for name in first} == first
    assert len(set(again.values())) == 3


def test_a_port_that_somebody_took_meanwhile_is_replaced() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        lost = server.getsockname()[1]
        assert assign(["kafka"], {"kafka": lost})["kafka"] != lost
