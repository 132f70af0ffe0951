"""The keys that a world signs its tokens with: a new one, one that was kept, and those that are made ahead.

A new key takes a tenth of a second on the average and now and then half a second, so whoever opens many worlds in a row
has the next one made while something else goes on.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def new_key() -> str:
    """As PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def loaded(pem: str) -> rsa.RSAPrivateKey | None:
    """None for a text that is no such key."""
    try:
        # Our own key: validating its primes takes longer than the rest of a start that ARM waits for.
        key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except ValueError:
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) else None


class KeysAhead:
    """New keys, each given once, the next of which is made meanwhile. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="keys")
        self._next: Future[str] = self._maker.submit(new_key)

    def __call__(self) -> str:
        with self._lock:
            ready, self._next = self._next, self._maker.submit(new_key)
        return ready.result()

    def close(self) -> None:
        self._maker.shutdown(cancel_futures=True)
