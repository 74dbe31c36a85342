"""Comparisons with peers, run by ``python -m benchmarks NAME``.

Each ``bench_<name>.py`` has a function ``run(smoke)`` that yields one dict for each figure: what
was measured in the order of its columns, and ``ratio`` where there is a peer.
"""
