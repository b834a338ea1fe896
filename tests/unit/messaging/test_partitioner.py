"""A key has the partition that Kafka's own clients give it."""

from uuid import uuid4

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.partitioner import murmur2, partition_of


@given(st.binary(max_size=100))
def test_the_hash_is_the_one_of_the_java_client(data: bytes) -> None:
    assert murmur2(data) == reference(data)


@pytest.mark.parametrize("count", [1, 3, 12, 50])
def test_a_key_has_the_partition_that_other_producers_give_it(count: int) -> None:
    for key in (str(uuid4()).encode(), b"0017-S1", b"", "konto-ä".encode()):
        assert partition_of(key, count) == DefaultPartitioner()(key, list(range(count)), list(range(count)))
