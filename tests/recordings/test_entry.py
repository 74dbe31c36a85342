"""One file of the cache: every byte of it is checked."""

import numpy as np
import pytest

from sklearn_neurofuse.recordings._entry import checksum, read_entry, write_entry


def noise(n_bytes):
    return np.random.default_rng(0).integers(0, 256, n_bytes, dtype=np.uint8)


@pytest.mark.parametrize(
    "dtype", ["f4", ">f4", "f8", "c16", "i2", ">i2", "u1", "?", "f2", "M8[us]", "S5", "U3"]
)
def test_arrays_are_exact(dtype, tmp_path):
    values = np.arange(24).astype(dtype).reshape(2, 3, 4)
    given = {"C": values, "F": np.asfortranarray(values), "strided": values[:, ::2, ::-1]}
    given["point"] = values[0, 0, 0].reshape(())
    with open(tmp_path / "entry", "wb") as file:
        write_entry(file, {}, given)
    _, found = read_entry(tmp_path / "entry")
    for name, expected in given.items():
        np.testing.assert_array_equal(found[name], expected)
        assert found[name].dtype == expected.dtype
    assert found["F"].flags.f_contiguous


def test_every_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "entry"
    with open(path, "wb") as file:
        write_entry(
            file, {"text": "left"}, {"a": np.arange(5.0), "b": np.asfortranarray(np.eye(3))}
        )
    content = path.read_bytes()
    for position in range(len(content)):
        for bit in (0, 7):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match=r"it|array"):
                read_entry(path)
    path.write_bytes(content)
    assert read_entry(path)[0] == {"text": "left"}


def test_checksum_notices_every_change():
    content = noise(3 * 4096 + 100)
    right = checksum([content])
    for position in range(0, len(content), 7):
        for value in (1, 128):
            damaged = content.copy()
            damaged[position] ^= value
            assert checksum([damaged]) != right
    changed = [content[:-1], np.r_[content, content[:1]], content[::-1], -content]
    # words, blocks and what is left over change places
    changed += [np.roll(content, shift) for shift in (4, 8, 80, 100, 4096)]
    changed += [np.r_[content[8:16], content[:8], content[16:]]]
    # the signs of some numbers
    changed += [(content.view(">u4") ^ (1 << 31)).view(np.uint8)]
    changed += [content ^ np.repeat([128, 0], [count, len(content) - count]) for count in (2, 8)]
    for damaged in changed:
        assert checksum([np.ascontiguousarray(damaged, dtype=np.uint8)]) != right
    assert checksum([content[:5000], content[5000:]]) != right
    assert checksum([]) != checksum([b""])


def test_checksum_is_that_of_the_bytes():
    content = noise(3 * 4096 + 100)
    shifted = np.empty(len(content) + 1, dtype=np.uint8)[1:]
    shifted[:] = content
    assert checksum([content.tobytes()]) == checksum([shifted]) == checksum([content])


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "entry"
    with open(path, "wb") as file:
        write_entry(file, {"text": "left"}, {"a": np.arange(5.0)})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"it|array"):
            read_entry(path)
    path.write_bytes(content + b"\x00")
    with pytest.raises(ValueError, match="too long"):
        read_entry(path)
