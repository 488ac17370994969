#!/usr/bin/env python3
"""Clients that come and go while stale answers are validated for them, behind them and by them."""

import threading

from client import RawConnection
from harness import expect, expect_equal, is_sanitized, run_cases
from node import Node, config_for, http_origin
from origin import Origin

REQUESTS = 300 if is_sanitized() else 2500  # of each client
CLIENTS = 12


def stale_at_once(exchange):
    exchange.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n"
        b"Cache-Control: max-age=0, stale-while-revalidate=1000\r\n\r\n" + b"x" * 100
    )


def ask(node, client: int, wrong: list) -> None:
    connection = None
    for n in range(REQUESTS):
        demand = b"Cache-Control: max-age=0\r\n" if client % 2 else b""
        connection = connection or RawConnection(node.port())
        connection.send(
            b"GET /%d HTTP/1.1\r\nHost: t.test\r\n%s\r\n" % (n // 7 % 20, demand)
        )
        if client % 4 == 1 and n % 3 == 0:  # it does not wait for the answer
            connection.__exit__()
            connection = None
            continue
        answer = connection.answer()
        if answer.status != 200 or len(answer.body) != 100:
            wrong.append(answer)
            return


def case_leaving_followers_and_leaders():
    # Two workers, so that the fill of one has readers on the other. The process once ended itself
    # when the last reader of a fill left in the moment in which the fill's producer did.
    with Origin({f"/{n}": stale_at_once for n in range(20)}) as origin:
        config = config_for(http_origin(origin.address))
        config["workers"] = 2
        with Node(config) as node:
            wrong = []
            clients = [
                threading.Thread(target=ask, args=(node, n, wrong)) for n in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            expect_equal(wrong, [], "answers that were not right")
            expect(node.process.poll() is None, "the node has ended: " + node.stderr()[-500:])


run_cases(globals())
