import os
import socket

import pytest
from django.db import connection

from config import env, testing


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443)])
def test_the_way_out_of_the_machine_is_closed(address):
    with socket.socket() as out, pytest.raises(AssertionError, match="way out is closed"):
        out.connect(address)


def test_no_name_of_the_outside_is_looked_up():
    with pytest.raises(AssertionError, match=r"example\.org"):
        socket.create_connection(("example.org", 80))


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_what_a_person_exported_for_a_site_does_not_reach_the_tests():
    assert {name for name in env.NAMES if name in os.environ} <= {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DATA_DIR"}


@pytest.mark.django_db
def test_the_run_has_a_database_of_its_own():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone()[0].startswith("test_")


@pytest.mark.parametrize(
    ("url", "own"),
    [("redis://h:6379/0", "redis://h:6379/3"), ("unix:///run/redis.sock", "unix:///run/redis.sock?db=3")],
)
def test_every_worker_of_a_run_has_a_redis_of_its_own(url, own):
    assert testing.own_redis(url, 3) == own
